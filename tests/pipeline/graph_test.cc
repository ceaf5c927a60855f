// The graph: its order, its edges, and what is refused.
#include "r1/pipeline/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> ordered(const StageGraph& graph) {
  std::vector<std::string> names;
  for (const std::size_t i : graph.order) names.push_back(graph.names[i]);
  return names;
}

TEST(Graph, ProducersComeFirstAndTheListedOrderStaysWhereItIsFree) {
  StageList stages;
  add_stage(stages, "report", {"eval/manifest.json", "corpus/out.txt"});
  add_stage(stages, "eval", {"zero/model", "base/model", "corpus/a.txt", "corpus/b.txt"});
  add_stage(stages, "corpus");
  add_stage(stages, "zero", {"base/model"});
  add_stage(stages, "other");
  add_stage(stages, "base", {"corpus/out.txt"});
  const StageGraph graph = make_graph(stages, "run");
  EXPECT_THAT(ordered(graph), ElementsAre("corpus", "other", "base", "zero", "eval", "report"));
  EXPECT_THAT(graph.needs[1], ElementsAre(2, 3, 5));  // each producer once
  EXPECT_THAT(graph.needs[2], ElementsAre());
}

TEST(Graph, InputsFromOutsideAreNoEdges) {
  StageList stages;
  add_stage(stages, "corpus")->outside = "/data/countdown/test.jsonl";  // named set/test.jsonl
  EXPECT_THAT(make_graph(stages, "run").needs[0], ElementsAre());
}

TEST(Graph, AnUnknownProducerIsNamed) {
  StageList stages;
  add_stage(stages, "corpus");
  add_stage(stages, "zero", {"pretrain/model"});
  EXPECT_THAT(error_of([&] { make_graph(stages, "run"); }),
              AllOf(HasSubstr("stage zero"), HasSubstr("pretrain/model"), HasSubstr("corpus, zero")));
}

TEST(Graph, ACircleIsNamedWithoutThoseWhoOnlyWaitForIt) {
  StageList stages;
  add_stage(stages, "waits", {"a/x"});
  add_stage(stages, "a", {"b/x"});
  add_stage(stages, "b", {"c/x", "free/x"});
  add_stage(stages, "c", {"a/x"});
  add_stage(stages, "free");
  const std::string message = error_of([&] { make_graph(stages, "run"); });
  EXPECT_THAT(message, HasSubstr("in a circle: a reads from b reads from c reads from a"));
  StageList alone;
  add_stage(alone, "self", {"self/x"});
  EXPECT_THAT(error_of([&] { make_graph(alone, "run"); }), HasSubstr("self reads from self"));
}

TEST(Graph, TwoStagesOfOneNameAreRefused) {
  StageList stages;
  add_stage(stages, "sft");
  add_stage(stages, "sft");
  EXPECT_THAT(error_of([&] { make_graph(stages, "run"); }), HasSubstr("two stages are called sft"));
}

TEST(Graph, DependentsAreFoundThroughOthers) {
  StageList stages;
  add_stage(stages, "a");
  add_stage(stages, "b", {"a/x"});
  add_stage(stages, "c", {"b/x"});
  add_stage(stages, "d", {"a/x"});
  const StageGraph graph = make_graph(stages, "run");
  EXPECT_THAT(with_dependents(graph, 1), ElementsAre(false, true, true, false));
  EXPECT_THAT(with_dependents(graph, 0), ElementsAre(true, true, true, true));
}

TEST(Graph, UnknownNamesGetTheNearest) {
  StageList stages;
  add_stage(stages, "pretrain");
  add_stage(stages, "zero");
  const StageGraph graph = make_graph(stages, "run");
  EXPECT_EQ(graph.find("zero", "--from"), 1U);
  EXPECT_THAT(error_of([&] { graph.find("pretrian", "--from"); }),
              AllOf(HasSubstr("--from"), HasSubstr("pretrian"), HasSubstr("did you mean pretrain?")));
  EXPECT_THAT(error_of([&] { graph.find("completely_else", "--from"); }), HasSubstr("pretrain, zero"));
}

}  // namespace
}  // namespace r1::pipeline
