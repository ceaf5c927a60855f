// Conversion of a checkpoint's tensors (checkpoint_tensors.h), one tensor at a time: a float32 copy exists of the
// tensor at hand alone.
#include "r1/weights/checkpoint_tensors.h"

#include <algorithm>

#include "r1/core/error.h"

namespace r1::weights {

namespace {

std::int64_t blocks_of(std::int64_t size, std::int64_t block) { return size / block + (size % block != 0); }

}  // namespace

at::Tensor dequantize_fp8(const std::string& name, const at::Tensor& weight, const at::Tensor& scales,
                          const Fp8Blocks& blocks) {
  R1_CHECK(blocks.rows > 0 && blocks.columns > 0, "blocks of {}x{}", blocks.rows, blocks.columns);
  if (weight.dim() != 2)
    user_error("tensor '{}' is F8_E4M3 of {} dimensions; blocks of scales need 2", name, weight.dim());
  const std::int64_t rows = weight.size(0), columns = weight.size(1);
  const std::vector<std::int64_t> expected = {blocks_of(rows, blocks.rows), blocks_of(columns, blocks.columns)};
  if (scales.sizes() != at::IntArrayRef(expected) || !scales.is_floating_point())
    user_error(
        "tensor '{}_scale_inv' has shape {}; blocks of {}x{} of its {}x{} weights need {} floating-point numbers", name,
        fmt::join(scales.sizes(), "x"), blocks.rows, blocks.columns, rows, columns, fmt::join(expected, "x"));
  const at::Tensor factors = scales.to(at::kFloat);
  const std::int64_t width = std::min(blocks.columns, columns);
  at::Tensor out = weight.to(at::kFloat);
  for (std::int64_t first = 0; first < rows; first += blocks.rows)
    out.narrow(0, first, std::min(blocks.rows, rows - first))
        .mul_(factors.select(0, first / blocks.rows).repeat_interleave(width).narrow(0, 0, columns));
  return out;
}

void CheckpointTensors::copy_to(const at::Tensor& out, const std::string& name) {
  const TensorInfo& info = reader_.info(name);
  if (at::IntArrayRef(info.shape) != out.sizes())
    user_error("tensor {} has shape {}, the configuration asks for {}", name, fmt::join(info.shape, "x"),
               fmt::join(out.sizes(), "x"));
  if (!at::isFloatingType(info.dtype))
    user_error("tensor '{}' is {}; weights are floating-point numbers", name, safetensors_dtype_name(info.dtype));
  out.copy_(load(name));
}

at::Tensor CheckpointTensors::load(const std::string& name) {
  read_.insert(name);
  const at::Tensor tensor = reader_.load(name);
  if (tensor.scalar_type() != at::kFloat8_e4m3fn) return tensor;
  if (blocks_.rows == 0)
    user_error("tensor '{}' is F8_E4M3, but config.json has no quantization_config that says how it is scaled", name);
  const std::string scales = name + "_scale_inv";
  if (!reader_.contains(scales)) user_error("tensor '{}' is F8_E4M3, but its scales '{}' are missing", name, scales);
  read_.insert(scales);
  return dequantize_fp8(name, tensor, reader_.load(scales), blocks_);
}

std::vector<std::string> CheckpointTensors::unread() const {
  std::vector<std::string> out;
  for (std::string& name : reader_.names())
    if (!read_.contains(name)) out.push_back(std::move(name));
  return out;
}

}  // namespace r1::weights
