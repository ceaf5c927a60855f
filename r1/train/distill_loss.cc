// Divergences in closed form and over chunks of rows (distill_loss.h). The gradients with respect to the student's
// logits z, with S = softmax(z / t): forward (S - T) / t; reverse S (log(S / T) - KL(S || T)) / t; jsd
// (1 - beta) S (log(S / M) - KL(S || M)) / t.
#include "r1/train/distill_loss.h"

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"

namespace r1::train {

namespace {

enum class Kind { Forward, Reverse, Jsd };

Kind kind_of(const DivergenceConfig& c) {
  if (c.kind == "forward" || (c.kind == "jsd" && c.jsd_beta == 0.0)) return Kind::Forward;
  if (c.kind == "reverse" || (c.kind == "jsd" && c.jsd_beta == 1.0)) return Kind::Reverse;
  R1_CHECK(c.kind == "jsd", "divergence '{}'", c.kind);
  return Kind::Jsd;
}

/// Rows of logits held at once: about 2 MB of each model's.
std::int64_t chunk_rows(std::int64_t vocab) { return std::max<std::int64_t>(16, (1 << 19) / vocab); }

void check_shapes(const HeadRows& teacher, const HeadRows& student) {
  R1_CHECK(teacher.normed.is_contiguous() && student.normed.is_contiguous(), "rows must be contiguous");
  R1_CHECK(teacher.normed.size(0) == student.normed.size(0), "{} rows of the teacher for {} of the student",
           teacher.normed.size(0), student.normed.size(0));
  R1_CHECK(teacher.head.weight.size(0) == student.head.weight.size(0), "vocabularies of {} and {}",
           teacher.head.weight.size(0), student.head.weight.size(0));
}

struct Accumulated {
  double sum = 0.0;
  at::Tensor dh;  // [N, D] in the student's type; undefined without gradients
  at::Tensor dw;  // [V, D] float32
};

Accumulated accumulate(const HeadRows& teacher, const HeadRows& student, const DivergenceConfig& config,
                       bool with_gradient) {
  const at::NoGradGuard no_grad;
  const at::Tensor &tw = teacher.head.weight, &sw = student.head.weight;
  const std::int64_t rows = student.normed.size(0), vocab = sw.size(0), chunk = chunk_rows(vocab);
  Accumulated out;
  if (with_gradient) {
    out.dh = tensor::empty_like_type(student.normed, student.normed.sizes());
    out.dw = at::zeros(sw.sizes(), at::TensorOptions().dtype(at::kFloat));
  }
  at::Tensor teacher_logits = tensor::empty_f32({std::min(chunk, rows), vocab});
  at::Tensor student_logits = tensor::empty_f32({std::min(chunk, rows), vocab});
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t count = std::min(chunk, rows - begin);
    const at::Tensor h = student.normed.narrow(0, begin, count);
    const at::Tensor t = teacher_logits.narrow(0, 0, count), s = student_logits.narrow(0, 0, count);
    tensor::linear_forward(teacher.normed.narrow(0, begin, count), teacher.head.packed->forward(tw), t);
    tensor::linear_forward(h, student.head.packed->forward(sw), s);
    const RowDivergence divergence = row_divergence(t, s, config);
    out.sum += divergence.value.sum(at::kDouble).item<double>();
    if (!with_gradient) continue;
    const at::Tensor gradient = divergence.gradient.contiguous();
    tensor::linear_backward_input(gradient, student.head.packed->backward(sw), out.dh.narrow(0, begin, count));
    tensor::linear_backward_weight(gradient, h, out.dw, true);
  }
  return out;
}

}  // namespace

void validate(const DivergenceConfig& c, const std::string& where) {
  if (c.kind != "forward" && c.kind != "reverse" && c.kind != "jsd")
    user_error("{}: divergence '{}': use forward, reverse or jsd", where, c.kind);
  if (!(c.jsd_beta >= 0.0 && c.jsd_beta <= 1.0)) user_error("{}: jsd_beta {} lies outside [0, 1]", where, c.jsd_beta);
  if (!(c.temperature > 0.0)) user_error("{}: temperature {} must be above 0", where, c.temperature);
}

RowDivergence row_divergence(const at::Tensor& teacher, const at::Tensor& student, const DivergenceConfig& config) {
  const at::NoGradGuard no_grad;
  const double inverse = 1.0 / config.temperature, beta = config.jsd_beta;
  const at::Tensor log_t = (teacher * inverse).log_softmax(-1), log_s = (student * inverse).log_softmax(-1);
  const auto mean_of = [](const at::Tensor& logp, const at::Tensor& values) { return (logp.exp() * values).sum(-1); };
  switch (kind_of(config)) {
    case Kind::Forward:
      return {mean_of(log_t, log_t - log_s), (log_s.exp() - log_t.exp()) * inverse};
    case Kind::Reverse: {
      const at::Tensor difference = log_s - log_t, kl = mean_of(log_s, difference);
      return {kl, log_s.exp() * (difference - kl.unsqueeze(-1)) * inverse};
    }
    case Kind::Jsd:
      break;
  }
  const at::Tensor log_m = (log_s + std::log1p(-beta)).logaddexp(log_t + std::log(beta));
  const at::Tensor difference = log_s - log_m, student_kl = mean_of(log_s, difference);
  return {beta * mean_of(log_t, log_t - log_m) + (1.0 - beta) * student_kl,
          log_s.exp() * (difference - student_kl.unsqueeze(-1)) * ((1.0 - beta) * inverse)};
}

at::Tensor divergence_sum(const HeadRows& teacher, const HeadRows& student, const DivergenceConfig& config) {
  check_shapes(teacher, student);
  const at::Tensor& w = student.head.weight;
  const bool with_gradient = tensor::needs_grad({student.normed, w});
  const Accumulated done = accumulate(teacher, student, config, with_gradient);
  at::Tensor sum = tensor::empty_f32({});
  sum.fill_(done.sum);
  if (with_gradient)
    tensor::record("divergence_sum", {sum}, {student.normed, w},
                   [dh = done.dh, dw = done.dw, type = w.scalar_type()](const std::vector<at::Tensor>& grads) {
                     const double scale = grads[0].item<double>();
                     return std::vector<at::Tensor>{dh * scale, (dw * scale).to(type)};
                   });
  return sum;
}

}  // namespace r1::train
