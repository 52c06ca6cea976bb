// Text on a canvas, by FreeType from a font of Debian's fonts-dejavu-core. The only file that includes FreeType.
//
// Glyphs are not hinted and stand at whole pixels, so that the same text is the same pixels wherever it is drawn.
//
// Thread-safety: none. Units: sizes in pixels an em; text is UTF-8, what is none shows as the replacement character.
// Errors: name the file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/heat/canvas.h"
#include "tables/result.h"

namespace rblitz {

class Font {
 public:
  [[nodiscard]] static Result<Font> Open(const std::string& path);
  Font(Font&& other) noexcept;
  Font& operator=(Font&&) = delete;
  ~Font();

  [[nodiscard]] int Width(std::string_view text, int size) const;
  // Of a capital letter.
  [[nodiscard]] static int CapHeight(int size) noexcept { return (size * 73 + 50) / 100; }

  // (x, y): the left end of the line that the text stands on.
  void Draw(Canvas* canvas, int x, int y, std::string_view text, int size, Rgb colour) const;
  // The same with a dark rim, for text on a picture.
  void DrawRimmed(Canvas* canvas, int x, int y, std::string_view text, int size, Rgb colour, int rim) const;

 private:
  struct Face;
  explicit Font(std::unique_ptr<Face> face);

  std::unique_ptr<Face> face_;
};

inline constexpr const char* kFontFile = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
inline constexpr const char* kBoldFontFile = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";

}  // namespace rblitz
