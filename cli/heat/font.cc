#include "cli/heat/font.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <utility>

namespace rblitz {

namespace {

constexpr uint32_t kReplacement = 0xfffd;
constexpr int kAdvanceUnits = 1 << 16;
constexpr Rgb kRim = {0, 0, 0};
constexpr int kRimAlpha = 150;

// Takes a character off the front of UTF-8.
uint32_t TakeCharacter(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
  if (more == 0 || lead > 0xf4 || text.size() < more) return kReplacement;
  uint32_t value = lead & (0x3fu >> more);
  for (size_t i = 0; i < more; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return kReplacement;
    value = value << 6 | (next & 0x3fu);
  }
  text.remove_prefix(more);
  return value;
}

}  // namespace

struct Font::Face {
  Face() = default;
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;
  ~Face() {
    if (face != nullptr) FT_Done_Face(face);
    if (library != nullptr) FT_Done_FreeType(library);
  }

  // Calls `take` with the place of each glyph, in pixels; returns where the text ends.
  template <class Take>
  int Walk(std::string_view text, int size, FT_Int32 flags, const Take& take) const {
    FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(size));
    int64_t at = 0;
    while (!text.empty()) {
      if (FT_Load_Char(face, TakeCharacter(text), flags | FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) != 0) continue;
      take(static_cast<int>((at + kAdvanceUnits / 2) / kAdvanceUnits), *face->glyph);
      at += face->glyph->linearHoriAdvance;
    }
    return static_cast<int>((at + kAdvanceUnits - 1) / kAdvanceUnits);
  }

  void Draw(Canvas* canvas, int x, int y, std::string_view text, int size, Rgb colour, int alpha) const {
    Walk(text, size, FT_LOAD_RENDER, [&](int at, const FT_GlyphSlotRec& glyph) {
      const FT_Bitmap& bitmap = glyph.bitmap;
      for (unsigned row = 0; row < bitmap.rows; ++row) {
        for (unsigned column = 0; column < bitmap.width; ++column) {
          const int ink = bitmap.buffer[static_cast<ptrdiff_t>(row) * bitmap.pitch + static_cast<ptrdiff_t>(column)];
          if (ink == 0) continue;
          canvas->Blend(x + at + glyph.bitmap_left + static_cast<int>(column),
                        y - glyph.bitmap_top + static_cast<int>(row), colour, ink * alpha / Canvas::kOpaque);
        }
      }
    });
  }

  FT_Library library = nullptr;
  FT_Face face = nullptr;
};

Font::Font(std::unique_ptr<Face> face) : face_(std::move(face)) {}
Font::Font(Font&& other) noexcept = default;
Font::~Font() = default;

Result<Font> Font::Open(const std::string& path) {
  auto face = std::make_unique<Face>();
  if (FT_Init_FreeType(&face->library) != 0) return Fail("FreeType cannot be used");
  if (FT_New_Face(face->library, path.c_str(), 0, &face->face) != 0) {
    return Fail(path + ": font cannot be read: the package fonts-dejavu-core has it (--bare needs none)");
  }
  return Font(std::move(face));
}

int Font::Width(std::string_view text, int size) const {
  return face_->Walk(text, size, FT_LOAD_DEFAULT, [](int, const FT_GlyphSlotRec&) {});
}

void Font::Draw(Canvas* canvas, int x, int y, std::string_view text, int size, Rgb colour) const {
  face_->Draw(canvas, x, y, text, size, colour, Canvas::kOpaque);
}

void Font::DrawRimmed(Canvas* canvas, int x, int y, std::string_view text, int size, Rgb colour, int rim) const {
  for (int dy = -rim; dy <= rim; ++dy) {
    for (int dx = -rim; dx <= rim; ++dx) {
      if (dx != 0 || dy != 0) face_->Draw(canvas, x + dx, y + dy, text, size, kRim, kRimAlpha);
    }
  }
  Draw(canvas, x, y, text, size, colour);
}

}  // namespace rblitz
