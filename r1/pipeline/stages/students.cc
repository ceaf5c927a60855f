// Two pre-trainings, one after the other (students.h).
#include "r1/pipeline/stages/students.h"

#include <fmt/format.h>

#include <utility>

#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/pretrain.h"
#include "r1/pipeline/stages/sub_run.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, StudentConfig& c) {
  v("model", c.model, "the student's shape");
  v("pretrain", c.pretrain, "its training on the corpus");
}

void fields(core::FieldVisitor& v, StudentsConfig& c) {
  v("small", c.small, "the smaller student");
  v("large", c.large, "the larger one");
}

StudentsStage::StudentsStage(StudentsConfig config, std::int64_t seed) : config_(std::move(config)) {
  for (StudentConfig* student : {&config_.small, &config_.large})
    student->pretrain.seed = join_seeds(seed, student->pretrain.seed);
}

StagePlan StudentsStage::plan(const std::filesystem::path&) const {
  return {.work = fmt::format(
              "pre-training of two students: small, {} layers of {}, {} steps; large, {} layers of {}, {} "
              "steps",
              config_.small.model.num_hidden_layers, config_.small.model.hidden_size, config_.small.pretrain.steps,
              config_.large.model.num_hidden_layers, config_.large.model.hidden_size, config_.large.pretrain.steps)};
}

Metrics StudentsStage::run(const StageContext& context) const {
  Metrics metrics;
  for (const char* size : kStudents) {
    const StudentConfig& student = std::string(size) == "small" ? config_.small : config_.large;
    const Metrics figures = run_once(context, size, [&](const std::filesystem::path& state) {
      return pretrain_model(student.pretrain, student.model,
                            {.stage = "students/" + std::string(size),
                             .tokenizer = context.run / "tokenizer",
                             .output = context.directory / size,
                             .state = state},
                            context.metrics);
    });
    add_metrics(metrics, size, figures);
  }
  return metrics;
}

}  // namespace r1::pipeline
