// A node of libtorch's graph that calls a stored function (autograd.h).
#include "r1/tensor/autograd.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <string>
#include <utility>

namespace r1::tensor {

namespace {

class RecordedNode : public torch::autograd::Node {
 public:
  RecordedNode(const char* name, Backward backward) : name_(name), backward_(std::move(backward)) {}

  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override {
    const at::NoGradGuard no_grad;
    const at::AutoDispatchBelowADInplaceOrView below;  // no bookkeeping of autograd in what follows
    for (at::Tensor& grad : grads)
      if (grad.defined()) grad = grad.contiguous();
    return backward_(grads);
  }
  std::string name() const override { return name_; }
  void release_variables() override { backward_ = nullptr; }

 private:
  const char* name_;
  Backward backward_;
};

}  // namespace

bool needs_grad(std::initializer_list<at::Tensor> inputs) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& input : inputs)
    if (input.defined() && input.requires_grad()) return true;
  return false;
}

void record(const char* name, std::vector<at::Tensor> outputs, const std::vector<at::Tensor>& inputs,
            Backward backward) {
  std::shared_ptr<RecordedNode> node(new RecordedNode(name, std::move(backward)), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  for (at::Tensor& output : outputs) torch::autograd::set_history(output, node);
}

}  // namespace r1::tensor
