// Tests what becomes of a query: the search that storage gets, the messages about a bad one, and
// the grouping of the queries of a batch into passes.
#include "service/query.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/query_groups.h"

namespace tqdb::service {
namespace query_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

storage::Filter KeyIs(const std::string& key, int64_t value) {
  storage::Filter filter;
  filter.must.push_back({storage::FieldCondition{key, storage::MatchValue{value}}});
  return filter;
}

class QueryTest : public ::testing::Test {
 protected:
  // Makes a collection with the spaces "a" of dim 8 and "b" of dim 9, and the sparse space "s".
  QueryTest() {
    for (const char* name : {"a", "b"}) {
      storage::VectorSpaceConfig space;
      space.name = name;
      space.codec.dim = name[0] == 'a' ? 8 : 9;
      config_.spaces.push_back(space);
    }
    config_.sparse_spaces.push_back({"s"});
  }

  Query Vector() const {
    Query query;
    query.find = VectorView::OfFloats(vector_);
    query.vector_name = "a";
    query.spec.limit = 3;
    return query;
  }
  Query Like(uint64_t id) const {
    Query query = Vector();
    query.find = storage::Examples{{PointId::Number(id)}, {}};
    return query;
  }
  Query Sparse() const {
    Query query = Vector();
    query.find = storage::SparseVector{{9, 2}, {1, 3}};
    query.vector_name = "s";
    return query;
  }
  Query Text() const {
    Query query = Vector();
    query.find = storage::TextQuery{"title", "word"};
    query.vector_name = "";
    return query;
  }
  std::string Error(const Query& query) const {
    return std::string(Resolve(query, config_, "queries[3]").status().message());
  }

  storage::CollectionConfig config_;
  const std::vector<float> vector_ = std::vector<float>(8, 1);
};

TEST_F(QueryTest, ResolvesToWhatStorageSearchesFor) {
  const ResolvedQuery vector = Resolve(Vector(), config_, "query").value();
  EXPECT_EQ(vector.space, &config_.spaces[0]);
  EXPECT_EQ(vector.spec.space, "a");
  EXPECT_FALSE(vector.spec.text || vector.spec.sparse || vector.spec.filter);

  const ResolvedQuery sparse = Resolve(Sparse(), config_, "query").value();
  EXPECT_EQ(sparse.space, nullptr);
  EXPECT_EQ(sparse.spec.space, "s");
  EXPECT_THAT(sparse.spec.sparse->indices, ElementsAre(2, 9));  // sorted now
  EXPECT_THAT(sparse.spec.sparse->values, ElementsAre(3, 1));

  const ResolvedQuery text = Resolve(Text(), config_, "query").value();
  EXPECT_EQ(text.space, nullptr);
  EXPECT_EQ(text.spec.text, (storage::TextQuery{"title", "word"}));
}

// An example would be among its own best matches, so it is excluded. The filter of the caller must
// hold as well.
TEST_F(QueryTest, ExamplesAreNotFoundThemselves) {
  Query query = Like(7);
  query.spec.filter = KeyIs("n", 1);
  const ResolvedQuery like = Resolve(query, config_, "query").value();
  EXPECT_EQ(like.space, &config_.spaces[0]);
  storage::Filter expected;
  expected.must_not.push_back({storage::HasId{{PointId::Number(7)}}});
  expected.must.push_back({KeyIs("n", 1)});
  EXPECT_EQ(like.spec.filter, expected);
}

TEST_F(QueryTest, NamesTheFieldThatIsWrong) {
  Query query = Vector();
  query.spec.limit = 0;
  EXPECT_EQ(Error(query), "queries[3].limit is 0; allowed: 1..10000");
  query.spec.limit = 10'001;
  EXPECT_EQ(Error(query), "queries[3].limit is 10001; allowed: 1..10000");
  query = Vector();
  query.vector_name = "b";
  EXPECT_EQ(Error(query), "queries[3].vector.values has 8 numbers; vector space 'b' has dim 9");
  query.vector_name = "c";
  EXPECT_EQ(Error(query),
            "queries[3].vector_name is 'c'; the collection has the vector spaces 'a', 'b'");
  query = Sparse();
  query.vector_name = "a";
  EXPECT_EQ(Error(query),
            "queries[3].vector_name is 'a'; the collection has the sparse spaces 's'");
  query = Text();
  query.vector_name = "a";
  EXPECT_EQ(Error(query), "queries[3].vector_name is set; text has no vector");
  config_.sparse_spaces.clear();
  EXPECT_EQ(Error(Sparse()), "queries[3].vector_name is 's'; the collection has no sparse spaces");
}

// Changes every member of a query in turn. If the comparison forgot a member, one query would be
// searched with the parameters of another.
TEST_F(QueryTest, QueriesShareAPassWhenNothingButTheVectorDiffers) {
  const std::vector<float> another(8, 2);
  Query other = Vector();
  other.find = VectorView::OfFloats(another);
  EXPECT_TRUE(CanShareAPass(Vector(), other));
  EXPECT_TRUE(CanShareAPass(Like(1), Like(1)));
  EXPECT_FALSE(CanShareAPass(Like(1), Like(2)));
  EXPECT_FALSE(CanShareAPass(Vector(), Like(1)));
  // A pass of storage answers one sparse vector or one text only.
  EXPECT_FALSE(CanShareAPass(Sparse(), Sparse()));
  EXPECT_FALSE(CanShareAPass(Text(), Text()));
  using Change = void (*)(Query&);
  for (const Change change : std::vector<Change>{
           [](Query& q) { q.vector_name = "b"; },
           [](Query& q) { q.spec.limit = 4; },
           [](Query& q) { q.spec.offset = 1; },
           [](Query& q) { q.spec.score_threshold = 0.5f; },
           [](Query& q) { q.spec.exact = true; },
           [](Query& q) { q.spec.rerank = true; },
           [](Query& q) { q.spec.oversampling = 2; },
           [](Query& q) { q.spec.error_bound = 2; },
           [](Query& q) {
             q.spec.mmr = {0.5f, 20};
           },
           [](Query& q) { q.spec.filter = KeyIs("n", 1); },
           [](Query& q) { q.spec.select.payload = true; },
           [](Query& q) { q.spec.select.vectors = true; },
       }) {
    Query changed = Vector(), same = Vector();
    change(changed);
    change(same);
    EXPECT_FALSE(CanShareAPass(Vector(), changed));
    EXPECT_TRUE(CanShareAPass(same, changed));
  }
  Query one = Vector(), two = Vector();
  one.spec.filter = KeyIs("n", 1);
  two.spec.filter = KeyIs("n", 2);
  EXPECT_FALSE(CanShareAPass(one, two));
}

TEST_F(QueryTest, GroupsHoldEveryQueryOnceInTheOrderOfTheirFirst) {
  Query rerank = Vector();
  rerank.spec.rerank = true;
  EXPECT_THAT(GroupQueries({Vector(), Text(), Vector(), rerank, Text(), rerank, Vector()}),
              ElementsAre(ElementsAre(0, 2, 6), ElementsAre(1), ElementsAre(3, 5), ElementsAre(4)));
  EXPECT_THAT(GroupQueries({}), IsEmpty());
}

// Messages must name queries by their places in the batch, not by their places in the pass.
TEST(QueryGroupsTest, AGroupIsNamedByItsFirstQueries) {
  EXPECT_EQ(GroupPath({0, 1, 2}, 3), "queries");
  EXPECT_EQ(GroupPath({0, 2}, 3), "queries[0,2]");
  QueryGroup many;
  for (size_t i = 0; i < 17; ++i) many.push_back(2 * i);
  EXPECT_EQ(GroupPath(many, 40), "queries[0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,...]");
  many.pop_back();
  EXPECT_EQ(GroupPath(many, 40), "queries[0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30]");
}

}  // namespace query_test
}  // namespace tqdb::service
