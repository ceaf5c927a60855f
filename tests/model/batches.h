// Flat forward inputs of whole documents, for tests.
#pragma once

#include <cstdint>
#include <vector>

#include "r1/model/forward_input.h"

namespace r1::model::testing {

/// Packs documents one after another; a document attends to itself only.
inline ForwardInput pack(const std::vector<std::vector<std::int64_t>>& documents) {
  std::vector<std::int64_t> ids, begin, end;
  std::vector<std::int32_t> positions;
  for (const auto& document : documents) {
    const auto first = static_cast<std::int64_t>(ids.size());
    for (std::size_t i = 0; i < document.size(); ++i) {
      ids.push_back(document[i]);
      positions.push_back(static_cast<std::int32_t>(i));
      begin.push_back(first);
      end.push_back(static_cast<std::int64_t>(ids.size()));
    }
  }
  const auto to_tensor = [](const auto& values, at::ScalarType type) {
    at::Tensor out = at::empty({static_cast<std::int64_t>(values.size())}, at::TensorOptions().dtype(type));
    std::copy(values.begin(), values.end(),
              static_cast<typename std::decay_t<decltype(values)>::value_type*>(out.mutable_data_ptr()));
    return out;
  };
  ForwardInput input{to_tensor(ids, at::kLong),
                     to_tensor(positions, at::kInt),
                     {to_tensor(begin, at::kLong), to_tensor(end, at::kLong)},
                     nullptr};
  tensor::find_documents(input.ranges);
  return input;
}

}  // namespace r1::model::testing
