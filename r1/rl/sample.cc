// Packing of samples (sample.h).
#include "r1/rl/sample.h"

#include <algorithm>
#include <utility>

namespace r1::rl {

namespace {

template <class T>
at::Tensor to_tensor(const std::vector<T>& values, at::ScalarType type) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(type));
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<T>());
  return out;
}

}  // namespace

SampleBatch pack_samples(const std::vector<const Sample*>& samples, const at::Device& device) {
  std::vector<std::int64_t> ids, begin, end, targets, rows, sequence;
  std::vector<std::int32_t> positions;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const std::vector<std::int32_t>& prompt = *samples[s]->prompt;
    const std::vector<std::int32_t>& completion = samples[s]->completion.ids;
    const auto first = static_cast<std::int64_t>(ids.size());
    for (std::size_t i = 0; i + 1 < prompt.size() + completion.size(); ++i) {
      const bool predicts = i + 1 >= prompt.size();
      ids.push_back(i < prompt.size() ? prompt[i] : completion[i - prompt.size()]);
      positions.push_back(static_cast<std::int32_t>(i));
      begin.push_back(first);
      end.push_back(static_cast<std::int64_t>(ids.size()));
      targets.push_back(predicts ? completion[i + 1 - prompt.size()] : -1);
      if (predicts) {
        rows.push_back(static_cast<std::int64_t>(ids.size()) - 1);
        sequence.push_back(static_cast<std::int64_t>(s));
      }
    }
  }
  model::ForwardInput input{to_tensor(ids, at::kLong),
                            to_tensor(positions, at::kInt),
                            {to_tensor(begin, at::kLong), to_tensor(end, at::kLong)},
                            nullptr};
  tensor::find_documents(input.ranges);
  return {model::on_device(std::move(input), device), to_tensor(targets, at::kLong).to(device),
          to_tensor(rows, at::kLong).to(device), to_tensor(sequence, at::kLong).to(device),
          static_cast<std::int64_t>(samples.size())};
}

std::vector<std::vector<const Sample*>> split_by_tokens(const std::vector<const Sample*>& samples,
                                                        std::int64_t max_tokens) {
  std::vector<std::vector<const Sample*>> out;
  std::int64_t held = 0;
  for (const Sample* sample : samples) {
    const auto size = static_cast<std::int64_t>(sample->prompt->size() + sample->completion.ids.size());
    if (out.empty() || held + size > max_tokens) {
      out.emplace_back();
      held = 0;
    }
    out.back().push_back(sample);
    held += size;
  }
  return out;
}

}  // namespace r1::rl
