// Tests page tokens and page sizes. A token must come back exactly, belong to one kind of list, and
// keep its form, and any other text must be refused.
#include "service/paging.h"

#include <cmath>
#include <limits>
#include <string>
#include <variant>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tqdb::service {
namespace paging_test {

using ::testing::HasSubstr;

constexpr char kWalk[] = "0123456789abcdef";
constexpr PageKind kKinds[] = {PageKind::kCollections, PageKind::kPoints, PageKind::kOrderedPoints};

TEST(PagingTest, TokensRoundTripAndAreBoundToTheirList) {
  for (const PageKind made : kKinds) {
    for (const std::string last : {"", "42", "a name: with, anything\n"}) {
      const std::string token = MakePageToken(made, last);
      for (const PageKind read : kKinds) {
        const absl::StatusOr<std::string> back = ParsePageToken(read, token);
        if (read == made) {
          EXPECT_EQ(back.value(), last);
        } else {
          EXPECT_EQ(back.status().code(), absl::StatusCode::kInvalidArgument);
        }
      }
    }
  }
}

TEST(PagingTest, WhatIsNoTokenIsRefusedByItsValue) {
  for (const std::string token : {"", "42", "forged", "p1:42", "cDE6N!"}) {
    for (const PageKind kind : kKinds) {
      const absl::Status status = ParsePageToken(kind, token).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << token;
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("page_token is '" + token + "'; need next_page_token"));
    }
  }
}

// Clients keep tokens over an upgrade of the server.
TEST(PagingTest, TheFormOfATokenIsFrozen) {
  EXPECT_EQ(MakePageToken(PageKind::kCollections, "books"), "YzE6Ym9va3M");
  EXPECT_EQ(ParsePointPageToken("cDE6NDI", kWalk).value(), PointId::Number(42));
  EXPECT_EQ(ParseOrderedPageToken("bzE6aS0zOjk", kWalk).value().row, 9u);
  EXPECT_EQ(PointPageToken(PointId::Number(42), kWalk), "cDI6MDEyMzQ1Njc4OWFiY2RlZjo0Mg");
  EXPECT_EQ(OrderedPageToken({int64_t{-3}, 9}, kWalk), "bzI6MDEyMzQ1Njc4OWFiY2RlZjppLTM6OQ");
}

TEST(PagingTest, PointTokensHoldEveryId) {
  for (const PointId& id : {PointId::Number(0), PointId::Number(~uint64_t{0}),
                            PointId::Uuid(0x6ba7b8109dad11d1, 0x80b400c04fd430c8)}) {
    EXPECT_EQ(ParsePointPageToken(PointPageToken(id, kWalk), kWalk).value(), id);
  }
  const std::string no_id = MakePageToken(PageKind::kPoints, "no id");
  EXPECT_THAT(std::string(ParsePointPageToken(no_id, kWalk).status().message()), HasSubstr(no_id));
}

// A position that is rounded would skip points or return them twice. So doubles must come back bit
// for bit.
TEST(PagingTest, OrderedTokensHoldEveryPositionExactly) {
  const uint64_t rows[] = {0, 7, ~uint64_t{0}};
  for (const uint64_t row : rows) {
    for (const storage::Integer value : {storage::Integer(0), storage::Integer(-1),
                                         storage::Integer(std::numeric_limits<int64_t>::min()),
                                         storage::Integer(std::numeric_limits<int64_t>::max()),
                                         storage::Integer(std::numeric_limits<uint64_t>::max())}) {
      const auto back = ParseOrderedPageToken(OrderedPageToken({value, row}, kWalk), kWalk).value();
      EXPECT_EQ(back.value.integer(), value);
      EXPECT_EQ(back.row, row);
    }
    for (const double value : {0.1, -0.0, 1.0 / 3, 5e-324, -1.7976931348623157e308}) {
      const auto back = ParseOrderedPageToken(OrderedPageToken({value, row}, kWalk), kWalk).value();
      EXPECT_EQ(back.value.real(), value);
      EXPECT_EQ(std::signbit(back.value.real()), std::signbit(value));
      EXPECT_EQ(back.row, row);
    }
  }
  for (const char* text : {"", "i", "i1", "1:2", "i1:x", "ix:1", "d:1", "x1:1", "i1:-1"}) {
    EXPECT_FALSE(ParseOrderedPageToken(MakePageToken(PageKind::kOrderedPoints, text), kWalk).ok())
        << text;
  }
}

// A walk is its collection, its order and its filter. A token of another one is refused.
TEST(PagingTest, ATokenBelongsToItsWalk) {
  const storage::OrderSpec up = {"n", false}, down = {"n", true}, other = {"m", false},
                           once = {"n", false, true};
  const storage::Filter none, filter = {.must = {{storage::HasId{{PointId::Number(1)}}}},
                                        .should = {},
                                        .must_not = {},
                                        .min_should = {}};
  const std::string walks[] = {WalkHash("a", nullptr, nullptr), WalkHash("b", nullptr, nullptr),
                               WalkHash("a", &up, nullptr),     WalkHash("a", &down, nullptr),
                               WalkHash("a", &other, nullptr),  WalkHash("a", nullptr, &filter),
                               WalkHash("a", &up, &filter),     WalkHash("a", nullptr, &none),
                               WalkHash("a", &once, nullptr)};
  for (const std::string& made : walks) {
    const std::string token = PointPageToken(PointId::Number(7), made);
    const std::string ordered = OrderedPageToken({int64_t{1}, 7}, made);
    for (const std::string& read : walks) {
      EXPECT_EQ(ParsePointPageToken(token, read).ok(), made == read);
      EXPECT_EQ(ParseOrderedPageToken(ordered, read).ok(), made == read);
      EXPECT_FALSE(ParsePointPageToken(ordered, read).ok());
      if (made == read) continue;
      EXPECT_THAT(std::string(ParsePointPageToken(token, read).status().message()),
                  HasSubstr("it is of a walk over another collection"));
    }
  }
  EXPECT_EQ(WalkHash("a", &up, &filter), WalkHash("a", &up, &filter));
  for (const char* text : {"p2:", "p2:0123456789abcdef", "p2:0123456789abcdef7", "p2:0:7"}) {
    std::string token;
    absl::WebSafeBase64Escape(text, &token);
    EXPECT_FALSE(ParsePointPageToken(token, kWalk).ok()) << text;
  }
}

TEST(PagingTest, ASizeOfZeroIsTheDefaultAndLargeOnesAreRefused) {
  constexpr PageLimits kLimits{.default_size = 10, .max_size = 50};
  EXPECT_EQ(PageSize(0, kLimits).value(), 10u);
  EXPECT_EQ(PageSize(1, kLimits).value(), 1u);
  EXPECT_EQ(PageSize(50, kLimits).value(), 50u);
  EXPECT_EQ(PageSize(51, kLimits).status().message(),
            "page_size is 51; allowed: 0 (means 10) or 1..50");
}

}  // namespace paging_test
}  // namespace tqdb::service
