// Batches as tensors (batch.h).
#include "r1/train/batch.h"

#include "r1/core/error.h"

namespace r1::train {

Batch make_batch(const data::PackedBatch& packed, std::int64_t first, std::int64_t count) {
  R1_CHECK(first >= 0 && count > 0 && first + count <= packed.num_rows, "rows {}+{} of a batch of {}", first, count,
           packed.num_rows);
  const std::int64_t tokens = count * packed.row_length, offset = first * packed.row_length;
  const auto make = [&](at::ScalarType type) { return at::empty({tokens}, at::TensorOptions().dtype(type)); };
  Batch batch{{make(at::kLong), make(at::kInt), {make(at::kLong), make(at::kLong)}, nullptr},
              make(at::kLong),
              make(at::kLong),
              make(at::kLong)};
  std::int64_t* ids = batch.input.ids.mutable_data_ptr<std::int64_t>();
  std::int32_t* positions = batch.input.positions.mutable_data_ptr<std::int32_t>();
  std::int64_t* begin = batch.input.ranges.begin.mutable_data_ptr<std::int64_t>();
  std::int64_t* end = batch.input.ranges.end.mutable_data_ptr<std::int64_t>();
  std::int64_t* targets = batch.targets.mutable_data_ptr<std::int64_t>();
  std::int64_t* next_ids = batch.next_ids.mutable_data_ptr<std::int64_t>();
  std::int64_t* mtp_targets = batch.mtp_targets.mutable_data_ptr<std::int64_t>();
  const auto label = [&](std::size_t i) { return packed.labels[i] == data::kIgnoredLabel ? -1 : packed.labels[i]; };
  for (std::int64_t t = 0; t < tokens; ++t) {
    const auto i = static_cast<std::size_t>(offset + t);
    ids[t] = packed.ids[i];
    positions[t] = packed.positions[i];
    begin[t] = packed.sequence_start[i] - offset;
    end[t] = t + 1;
    targets[t] = label(i);
    const bool continues = t + 1 < tokens && packed.sequence_start[i + 1] == packed.sequence_start[i];
    next_ids[t] = continues ? packed.ids[i + 1] : packed.ids[i];
    mtp_targets[t] = continues ? label(i + 1) : -1;
  }
  tensor::find_documents(batch.input.ranges);
  return batch;
}

Batch on_device(const Batch& batch, const at::Device& device) {
  return {model::on_device(batch.input, device), tensor::to_device(batch.targets, device),
          tensor::to_device(batch.next_ids, device), tensor::to_device(batch.mtp_targets, device)};
}

}  // namespace r1::train
