// Sixteen bytes hold the longest plain line with its LF. Where its digits and points are is found for all of them at
// once; then one shuffle puts each octet's digits into a lane of their own.

#include <smmintrin.h>

#include <bit>

#include "loaders/line_reader.h"
#include "loaders/plain_lines.h"

namespace rblitz {

namespace {

static_assert(kBlockSlack >= sizeof(__m128i));

// Shuffle control of one lane, hundreds, tens, ones and nothing, by the octet's length: the place of its last digit is
// added to each byte. A byte of 0x80 and more selects zero.
constexpr uint32_t kLane[4] = {0, 0x80008080, 0x80000080 - 0x0100, 0x80000000 - 0x0102};

uint32_t Lane(unsigned begin, unsigned end) noexcept { return kLane[end - begin] + (end - 1) * 0x010101; }

uint32_t MaskOf(__m128i bytes) noexcept { return static_cast<uint32_t>(_mm_movemask_epi8(bytes)); }

// The length of the plain line at `at`, LF included, or 0. `address` is written only if it is one.
unsigned ReadLine(const char* at, uint32_t* address) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const uint32_t newlines = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
  if (newlines == 0) return 0;
  const auto length = static_cast<unsigned>(std::countr_zero(newlines));
  const uint32_t inside = (1u << length) - 1;

  const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const uint32_t digits = MaskOf(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values)) & inside;
  const uint32_t zeros = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('0')));
  const uint32_t points = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'))) & inside;
  const uint32_t begins = points << 1 | 1;
  const uint32_t ends = points | 1u << length;
  const uint32_t wrong = (digits ^ points ^ inside)                            // neither digit nor point
                         | (begins & ends)                                     // an octet without digits
                         | (digits & digits >> 1 & digits >> 2 & digits >> 3)  // of four
                         | (zeros & begins & digits >> 1);                     // with a leading zero
  if (wrong != 0 || std::popcount(points) != 3) return 0;

  const auto end0 = static_cast<unsigned>(std::countr_zero(points));
  const uint32_t points12 = points & (points - 1);
  const auto end1 = static_cast<unsigned>(std::countr_zero(points12));
  const auto end2 = static_cast<unsigned>(std::countr_zero(points12 & (points12 - 1)));
  const uint64_t low = Lane(0, end0) | uint64_t{Lane(end0 + 1, end1)} << 32;
  const uint64_t high = Lane(end1 + 1, end2) | uint64_t{Lane(end2 + 1, length)} << 32;
  const __m128i control = _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
  const __m128i pairs =
      _mm_maddubs_epi16(_mm_shuffle_epi8(values, control), _mm_set1_epi32(0x00010a64));  // 100, 10, 1, 0
  const __m128i octets = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
  if (MaskOf(_mm_cmpgt_epi32(octets, _mm_set1_epi32(255))) != 0) return 0;
  *address = static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_shuffle_epi8(octets, _mm_set1_epi32(0x0004080c))));
  return length + 1;
}

}  // namespace

PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept {
  PlainRun run{.next = at};
  while (run.next < end && run.count < out.size()) {
    const unsigned length = ReadLine(run.next, &out[run.count]);
    if (length == 0) break;
    run.next += length;
    ++run.count;
  }
  return run;
}

}  // namespace rblitz
