// Recorded work (device_graph.h), through the plug-in.
#include "r1/tensor/device_graph.h"

#include "r1/core/error.h"
#include "r1/tensor/device.h"

namespace r1::tensor {

DeviceGraph::DeviceGraph(const std::function<void()>& work) {
  const kernels::Table& table = cuda_kernels();
  graph_ = {table.record([](const void* context) { (*static_cast<const std::function<void()>*>(context))(); }, &work),
            table.release};
}

void DeviceGraph::replay() const { cuda_kernels().replay(graph_.get()); }

}  // namespace r1::tensor
