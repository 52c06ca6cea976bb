#include "loaders/raw_values.h"

#include <cassert>
#include <span>

#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr size_t kFirstSlots = 64;

}  // namespace

RawValues::RawValues() : slots_(kFirstSlots, kNotListed) {}

RawValue RawValues::at(ValueId id) const noexcept {
  const Entry& entry = entries_[id - 1];
  return {.a_be = entry.a_be, .text = std::string_view(texts_).substr(entry.text_at, entry.text_size)};
}

ValueId RawValues::Intern(RawValue value) {
  if (latest_ != kNotListed && at(latest_) == value) return latest_;
  size_t slot = FindSlot(value);
  if (slots_[slot] == kNotListed) {
    if (2 * (entries_.size() + 1) > slots_.size()) {
      Grow();
      slot = FindSlot(value);
    }
    entries_.push_back(Store(value));
    slots_[slot] = static_cast<ValueId>(entries_.size());
  }
  return latest_ = slots_[slot];
}

void RawValues::Replace(ValueId id, RawValue value) {
  // The old value's slot keeps leading to the id: whoever asks for that value later must not get it.
  assert(entries_.size() == 1 && id == 1);
  entries_[id - 1] = Store(value);
  slots_.assign(slots_.size(), kNotListed);
  slots_[FindSlot(value)] = id;
}

RawValues::Entry RawValues::Store(RawValue value) {
  const Entry entry{
      .a_be = value.a_be, .text_size = static_cast<uint32_t>(value.text.size()), .text_at = texts_.size()};
  texts_ += value.text;
  return entry;
}

// The slot of `value`, or the empty one where it belongs.
size_t RawValues::FindSlot(RawValue value) const noexcept {
  const size_t mask = slots_.size() - 1;
  size_t slot = Hash64(value.text.data(), value.text.size(), ProcessSeed() ^ value.a_be) & mask;
  while (slots_[slot] != kNotListed && at(slots_[slot]) != value) slot = (slot + 1) & mask;
  return slot;
}

void RawValues::Grow() {
  slots_.assign(2 * slots_.size(), kNotListed);
  for (ValueId id = 1; id <= entries_.size(); ++id) slots_[FindSlot(at(id))] = id;
}

void RawValues::Resolve(const TextScope& scope, Verdicts* verdicts) const {
  for (ValueId id = 1; id <= entries_.size(); ++id) {
    const RawValue value = at(id);
    const TextParts text = ExpandText(value.text, scope);
    [[maybe_unused]] const ValueId appended =
        verdicts->Append({.a_be = value.a_be, .text = verdicts->InternText(text.parts(), text.places())});
    assert(appended == id);
  }
}

}  // namespace rblitz
