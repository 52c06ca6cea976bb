// A PNG as its rows of red, green, blue and opacity, for tests that look at pixels.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/heat/colours.h"
#include "loaders/png_file.h"

namespace rblitz {

struct Picture final : public PngRows {
  Status Start(uint32_t given_width, uint32_t) override {
    width = given_width;
    return {};
  }
  Status Row(uint32_t, std::span<const uint8_t> rgba) override {
    rows.emplace_back(rgba.begin(), rgba.end());
    return {};
  }
  [[nodiscard]] Rgb At(size_t x, size_t y) const { return {rows[y][4 * x], rows[y][4 * x + 1], rows[y][4 * x + 2]}; }

  uint32_t width = 0;
  std::vector<std::vector<uint8_t>> rows;
};

// Of a file that is one; else the test has failed.
inline Picture ReadPicture(const std::string& path) {
  Picture picture;
  auto file = FileSource::Open(path);
  EXPECT_TRUE(file && ReadPng(path, file->get(), &picture)) << path;
  return picture;
}

}  // namespace rblitz
