// A small configuration with every kind of field, shared by the tests of config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"

namespace r1::core {

struct Optimizer {
  std::string name = "adamw";
  double weight_decay = 0.1;
};
inline void fields(FieldVisitor& v, Optimizer& c) {
  v("name", c.name, "adamw or muon");
  v("weight_decay", c.weight_decay, "per step, times the learning rate");
}

struct Pretrain {
  std::int64_t steps = 100;
  double lr = 1e-3;
  bool resume = false;
  std::vector<double> betas = {0.9, 0.999};
  std::vector<std::string> files;
  std::vector<std::int64_t> layers;
  Optimizer optimizer;
};
inline void fields(FieldVisitor& v, Pretrain& c) {
  v("steps", c.steps, "optimizer updates");
  v("lr", c.lr, "peak learning rate");
  v("resume", c.resume, "go on from the last checkpoint");
  v("betas", c.betas, "decay of the two moments");
  v("files", c.files, "training texts");
  v("layers", c.layers, "layers to train");
  v("optimizer", c.optimizer, "how weights move");
}

struct Task {
  std::string name = "task";
  double weight = 1.0;
};
inline void fields(FieldVisitor& v, Task& c) {
  v("name", c.name, "problem family");
  v("weight", c.weight, "share of the mix");
}

struct Recipe {
  std::string name = "demo";
  Pretrain pretrain;
  std::vector<Task> tasks = {{.name = "sums", .weight = 2.0}, {.name = "units", .weight = 1.0}};
};
inline void fields(FieldVisitor& v, Recipe& c) {
  v("name", c.name, "shown in the report");
  v("pretrain", c.pretrain, "the base model");
  v("tasks", c.tasks, "problem mix");
}

}  // namespace r1::core
