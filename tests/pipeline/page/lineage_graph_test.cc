// Which arrows a run's manifests give, and where the boxes stand.
#include "r1/pipeline/page/lineage_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Manifest stage(const std::string& name, const std::vector<std::string>& inputs,
               const std::vector<std::string>& models) {
  Manifest manifest;
  manifest.stage = name;
  manifest.seconds = 90;
  for (const std::string& path : inputs) manifest.inputs.push_back({path, "h"});
  for (const std::string& model : models)
    for (const char* file : {"/config.json", "/model.safetensors"}) manifest.outputs.push_back({model + file, "h", 1});
  return manifest;
}

/// The R1 recipe in short: SFT starts from the base again, students are a branch.
std::vector<Manifest> recipe() {
  return {stage("corpus", {"countdown/train.jsonl"}, {}),
          stage("tokenizer", {"corpus/corpus.jsonl"}, {}),
          stage("pretrain", {"tokenizer/corpus.tokens"}, {"model"}),
          stage("zero", {"corpus/rl_problems.jsonl", "pretrain/model"}, {"model"}),
          stage("sft", {"zero/completions", "pretrain/model", "corpus/corpus.jsonl"}, {"model"}),
          stage("students", {"tokenizer/corpus.tokens"}, {"small", "large"}),
          stage("distill", {"sft/model", "students/small", "students/large"}, {"small_hard"}),
          stage("evaluate", {"pretrain/model", "zero/model", "sft/model", "distill/small_hard"}, {})};
}

std::vector<std::string> edges(const LineageGraph& graph) {
  std::vector<std::string> out;
  for (const LineageEdge& edge : graph.edges)
    out.push_back(graph.nodes[edge.from].stage + (edge.model ? "=>" : "->") + graph.nodes[edge.to].stage);
  return out;
}

TEST(LineageGraph, ImpliedArrowsGoUnlessTheyCarryWeightsToATraining) {
  const LineageGraph graph = lineage_graph(recipe());
  EXPECT_THAT(edges(graph), UnorderedElementsAre("corpus->tokenizer", "tokenizer->pretrain", "tokenizer->students",
                                                 "pretrain=>zero", "zero->sft", "pretrain=>sft", "sft=>distill",
                                                 "students=>distill", "distill=>evaluate"));
  EXPECT_THAT(graph.nodes[7].reads, ElementsAre("pretrain", "zero", "sft", "distill"));
}

TEST(LineageGraph, ColumnsAreDepthsAndTheMainLineIsOnTop) {
  const LineageGraph graph = lineage_graph(recipe());
  std::vector<std::size_t> columns, rows;
  for (const LineageNode& node : graph.nodes) columns.push_back(node.column), rows.push_back(node.row);
  EXPECT_THAT(columns, ElementsAre(0, 1, 2, 3, 4, 2, 5, 6));
  EXPECT_THAT(rows, ElementsAre(0, 0, 0, 0, 0, 1, 0, 0));
}

TEST(LineageSection, DrawsBoxesAndArrows) {
  std::vector<Manifest> stages = recipe();
  stages[3].stage = "ze<ro";
  const std::string html = lineage(stages);
  EXPECT_THAT(html, HasSubstr("<title>sft: 1:30 min; reads from corpus, pretrain</title>"));
  EXPECT_THAT(html, HasSubstr(">ze&lt;ro</text>"));
  EXPECT_THAT(html, Not(HasSubstr("ze<ro")));
  EXPECT_EQ(lineage({stage("a", {}, {}), stage("b", {}, {})}), "");
}

}  // namespace
}  // namespace r1::pipeline
