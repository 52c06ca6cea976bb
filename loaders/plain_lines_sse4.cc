// Sixteen bytes hold the longest plain line with its LF. Where its octets end is found for all of them at once, and
// picks the shuffle that puts each octet's digits into a lane of their own.
#include <smmintrin.h>

#include <array>
#include <bit>

#include "loaders/line_reader.h"
#include "loaders/plain_lines.h"

namespace rblitz {

namespace {

static_assert(kBlockSlack >= sizeof(__m128i));

// Of an address whose octets have given lengths.
struct alignas(32) Shape {
  uint8_t shuffle[16] = {};  // each lane gets hundreds, tens, ones and nothing; 0x80 and more select zero
  uint32_t ends = 0;         // bit i: an octet ends before byte i
};

// Tells the 81 shapes apart by where their octets end. Found by trial, like its like.
constexpr unsigned kShapeBits = 8;
constexpr uint32_t ShapeIndex(uint32_t ends) noexcept { return ends * 0x372da969u >> (32 - kShapeBits); }

constexpr std::array<Shape, 1 << kShapeBits> MakeShapes() {
  std::array<Shape, 1 << kShapeBits> shapes = {};
  for (unsigned lengths = 0; lengths < 81; ++lengths) {
    Shape shape;
    unsigned at = 0;
    for (unsigned lane = 0, rest = lengths; lane < 4; ++lane, rest /= 3) {
      const unsigned length = rest % 3 + 1;
      for (unsigned digit = 0; digit < 4; ++digit) {
        const bool is_there = digit < 3 && digit + length >= 3;
        shape.shuffle[4 * lane + digit] = static_cast<uint8_t>(is_there ? at + digit + length - 3 : 0x80);
      }
      at += length + 1;
      shape.ends |= 1u << (at - 1);
    }
    Shape& place = shapes[ShapeIndex(shape.ends)];
    if (place.ends != 0) throw "two shapes in one place";
    place = shape;
  }
  return shapes;
}
constexpr std::array<Shape, 1 << kShapeBits> kShapes = MakeShapes();

uint32_t MaskOf(__m128i bytes) noexcept { return static_cast<uint32_t>(_mm_movemask_epi8(bytes)); }

__m128i Load(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

// ReadAddress, of the bytes there. `address` is written only if there is one.
inline unsigned ReadOne(__m128i bytes, uint32_t* address) noexcept {
  const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const uint32_t digits = MaskOf(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values));
  const uint32_t all_points = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')));
  const uint32_t others = ~(digits | all_points) & 0xffff;
  const uint32_t end = others & (0 - others);
  const uint32_t points = all_points & (end - 1);
  const Shape& shape = kShapes[ShapeIndex(points | end)];
  if (shape.ends != (points | end) || end == 0) return 0;

  const __m128i lanes = _mm_shuffle_epi8(values, _mm_load_si128(reinterpret_cast<const __m128i*>(shape.shuffle)));
  const __m128i pairs = _mm_maddubs_epi16(lanes, _mm_set1_epi32(0x00010a64));  // 100, 10, 1, 0
  const __m128i octets = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
  const uint32_t too_large = MaskOf(_mm_cmpgt_epi32(octets, _mm_set1_epi32(255)));
  const uint32_t zeros = MaskOf(_mm_cmpeq_epi8(values, _mm_setzero_si128()));
  const uint32_t leading_zeros = zeros & (points << 1 | 1) & digits >> 1;
  if ((too_large | leading_zeros) != 0) return 0;
  *address = static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_shuffle_epi8(octets, _mm_set1_epi32(0x0004080c))));
  return static_cast<unsigned>(std::countr_zero(end));
}

}  // namespace

unsigned ReadAddress(const char* at, uint32_t* address) noexcept { return ReadOne(Load(at), address); }

// The next line begins behind the LF: that is known long before this line is read, and it need not be waited for.
PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  PlainRun run{.next = at};
  while (run.next < end && run.count < out.size()) {
    const __m128i bytes = Load(run.next);
    const uint32_t line_ends = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
    const auto line = static_cast<unsigned>(std::countr_zero(line_ends));
    const char* next = run.next + line + 1;
    const unsigned length = ReadOne(bytes, &out[run.count]);
    if (length == 0) break;
    if (length != line) [[unlikely]] {
      if (run.next[length] != '\r' || run.next[length + 1] != '\n') break;
      next = run.next + length + 2;
    }
    run.next = next;
    ++run.count;
  }
  return run;
}

}  // namespace rblitz
