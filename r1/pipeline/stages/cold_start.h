// Stage `cold_start`: a few thousand readable long answers, then supervised fine-tuning of the base on them: Base ->
// Dev1 (DeepSeek-R1 section 2.3.1; handbook rl.md A2.1). The answers come from several sources: Zero's own samples,
// few-shot prompting, prompting for reflection; kept are those that are right, readable and in one language. What was
// gathered is laid out for people (review.jsonl, review.html: accept, edit, reject) and their decisions are read back.
//   cold_start.jsonl   the examples trained on (sft_records.h)
//   review.jsonl, review.html
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/pipeline/stages/endpoint_sampling.h"
#include "r1/pipeline/stages/sampling.h"
#include "r1/pipeline/stages/sft_run.h"

namespace r1::pipeline {

struct ColdStartSource {
  std::string name = "zero";
  std::string model = "zero/model";  // folder within the run, with a leading / or . one from outside, or "endpoint"
  EndpointConfig endpoint;           // of model "endpoint"
  std::int64_t shots = 0;            // worked examples put before the question, from the sources before this one
  std::string instruction;  // put before the question ("Think step by step, check, then answer."); may be empty
  SampleConfig sample;
  std::int64_t min_reflection_words = 0;
};
void fields(core::FieldVisitor& v, ColdStartSource& c);

struct ColdStartConfig {
  std::vector<ColdStartSource> sources = {{}};
  FilterConfig filter;
  std::int64_t max_examples = 4000;
  std::string review;  // decisions of people (JSONL of the review page), from outside; empty: all is accepted
  SftConfig sft;
  rollout::EngineConfig engine;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, ColdStartConfig& c);

class ColdStartStage : public Stage {
 public:
  ColdStartStage(ColdStartConfig config, Asking asking);
  std::string name() const override { return "cold_start"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override {
    return {"cold_start.jsonl", "model", "review.html", "review.jsonl"};
  }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  std::vector<SftRecord> gather(const StageContext& context, Metrics& metrics) const;

  ColdStartConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
