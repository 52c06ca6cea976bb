// Outlines of networks on a map, and their labels beside them where there is room: a label covers neither another label
// nor an outlined network.
//
// Thread-safety: none. Cost: each label tries some dozens of places against all others.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "cli/heat/canvas.h"
#include "cli/heat/font.h"

namespace rblitz {

class Callouts {
 public:
  enum class Kind : uint8_t { kOwn, kNote };

  // `field`: of the map. The font and the canvas outlive this.
  Callouts(const Box& field, double unit, const Font& font, Canvas* canvas)
      : field_(field), unit_(unit), font_(font), canvas_(canvas) {}

  void Add(const Box& network, std::string label, Kind kind);
  // In the order in which they were added: labels without room are left out.
  void Draw();

 private:
  struct Mark {
    Box box;
    std::string label;
    Kind kind;
  };

  [[nodiscard]] int Units(double pixels) const noexcept { return static_cast<int>(std::lround(pixels * unit_)); }
  [[nodiscard]] bool IsFree(const Box& box) const;
  void Outline(const Mark& mark);
  void Label(const Mark& mark);

  Box field_;
  double unit_;
  const Font& font_;
  Canvas* canvas_;
  std::vector<Mark> marks_;
  std::vector<Box> taken_;
};

}  // namespace rblitz
