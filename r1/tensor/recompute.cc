// A node of libtorch's graph that runs its part of the model again, with a graph of its own (recompute.h).
#include "r1/tensor/recompute.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <string>

namespace r1::tensor {

namespace {

class RecomputedNode : public torch::autograd::Node {
 public:
  RecomputedNode(Work work, const std::vector<at::Tensor>& inputs) : work_(std::move(work)) {
    for (const at::Tensor& input : inputs) {
      inputs_.push_back(input.detach());
      wanted_.push_back(input.requires_grad());
    }
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    std::vector<at::Tensor> leaves, outputs, roots, root_grads;
    for (std::size_t i = 0; i < inputs_.size(); ++i) leaves.push_back(inputs_[i].detach().requires_grad_(wanted_[i]));
    {
      const at::AutoGradMode with_graph(true);
      outputs = work_(leaves);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!grads[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      root_grads.push_back(grads[i]);
    }
    outputs.clear();
    if (!roots.empty()) torch::autograd::backward(roots, root_grads);
    std::vector<at::Tensor> out;
    for (at::Tensor& leaf : leaves) out.push_back(leaf.grad());
    return out;
  }
  std::string name() const override { return "recomputed"; }
  void release_variables() override {
    work_ = nullptr;
    inputs_.clear();
  }

 private:
  Work work_;
  std::vector<at::Tensor> inputs_;
  std::vector<bool> wanted_;
};

}  // namespace

std::vector<at::Tensor> recomputed(const Work& work, const std::vector<at::Tensor>& inputs) {
  if (!at::GradMode::is_enabled()) return work(inputs);
  std::vector<at::Tensor> outputs;
  {
    const at::NoGradGuard no_graph;
    outputs = work(inputs);
  }
  std::shared_ptr<RecomputedNode> node(new RecomputedNode(work, inputs), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  for (at::Tensor& output : outputs) torch::autograd::set_history(output, node);
  return outputs;
}

}  // namespace r1::tensor
