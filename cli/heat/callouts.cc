#include "cli/heat/callouts.h"

#include <algorithm>
#include <utility>

#include "cli/heat/inks.h"

namespace rblitz {

namespace {

constexpr Rgb kBlack = {0, 0, 0};
constexpr Rgb kWhite = {0xff, 0xff, 0xff};
constexpr Rgb kNoteColour = {0xc8, 0xce, 0xd8};
constexpr int kLabelAlpha = 225;

Rgb ColourOf(Callouts::Kind kind) { return kind == Callouts::Kind::kOwn ? kWhite : kNoteColour; }

}  // namespace

void Callouts::Add(const Box& network, std::string label, Kind kind) {
  Box box = network;
  // What is too small to be seen has a frame of its own around it.
  const int least = Units(kind == Kind::kOwn ? 9 : 5);
  if (box.width < least) box = {box.x - (least - box.width) / 2, box.y, least, box.height};
  if (box.height < least) box = {box.x, box.y - (least - box.height) / 2, box.width, least};
  marks_.push_back({.box = box, .label = std::move(label), .kind = kind});
}

bool Callouts::IsFree(const Box& box) const {
  return field_.Holds(box) && std::ranges::none_of(taken_, [&](const Box& other) { return box.Meets(other); });
}

void Callouts::Outline(const Mark& mark) {
  const int line = std::max(1, Units(mark.kind == Kind::kOwn ? 2 : 1));
  canvas_->Frame(mark.box.Grown(line), line, kBlack, 200);
  canvas_->Frame(mark.box, line, ColourOf(mark.kind));
}

void Callouts::Label(const Mark& mark) {
  const int size = Units(13);
  const int pad = Units(4);
  const int width = font_.Width(mark.label, size) + 2 * pad;
  const int height = size + pad + pad / 2;
  const int middle_x = mark.box.x + mark.box.width / 2;
  const int middle_y = mark.box.y + mark.box.height / 2;
  for (const int gap : {8, 20, 36, 56, 80, 110, 150}) {
    const int away = Units(gap);
    const int right = mark.box.right() + away;
    const int left = mark.box.x - away - width;
    const int above = mark.box.y - away - height;
    const int below = mark.box.bottom() + away;
    const std::pair<int, int> places[] = {{right, middle_y - height / 2},
                                          {left, middle_y - height / 2},
                                          {middle_x - width / 2, above},
                                          {middle_x - width / 2, below},
                                          {right, above},
                                          {right, below},
                                          {left, above},
                                          {left, below}};
    for (const auto& [x, y] : places) {
      const Box box = {x, y, width, height};
      if (!IsFree(box)) continue;
      const int end_x = std::clamp(middle_x, box.x, box.right());
      const int end_y = std::clamp(middle_y, box.y, box.bottom());
      const int from_x = std::clamp(end_x, mark.box.x, mark.box.right());
      const int from_y = std::clamp(end_y, mark.box.y, mark.box.bottom());
      canvas_->Line(from_x, from_y, end_x, end_y, std::max(1, Units(1)) + 2, kBlack);
      canvas_->Line(from_x, from_y, end_x, end_y, std::max(1, Units(1)), ColourOf(mark.kind));
      canvas_->Fill(box, kPaper, kLabelAlpha);
      canvas_->Frame(box, std::max(1, Units(1)), ColourOf(mark.kind));
      font_.Draw(canvas_, box.x + pad, box.y + (height + Font::CapHeight(size)) / 2, mark.label, size,
                 ColourOf(mark.kind));
      taken_.push_back(box.Grown(Units(2)));
      return;
    }
  }
}

void Callouts::Draw() {
  for (const Mark& mark : marks_) {
    Outline(mark);
    // Large ones may have labels in them.
    if (mark.box.width < Units(64)) taken_.push_back(mark.box.Grown(Units(2)));
  }
  for (const Mark& mark : marks_) Label(mark);
}

}  // namespace rblitz
