// The door to the plug-in's NCCL (cuda/nccl.h).
#include <dlfcn.h>

#include "r1/core/error.h"
#include "r1/parallel/cuda/nccl.h"

namespace r1::parallel {

c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, const World& world) {
  auto* const entry = reinterpret_cast<NcclEntry*>(dlsym(RTLD_DEFAULT, kNcclEntry));  // the plug-in is opened globally
  if (entry == nullptr) user_error("several processes with device cuda need the plug-in libr1_cuda.so with NCCL");
  c10::intrusive_ptr<c10d::Backend> made;
  entry(store, world, made);
  return made;
}

}  // namespace r1::parallel
