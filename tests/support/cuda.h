// Tests on a GPU: the plug-in is opened before main, as rule 1 of the plug-in wants, and a test is skipped with a word
// where there is no GPU. Include in one source of a test program.
#pragma once

#include <gtest/gtest.h>

#include "r1/tensor/device.h"

namespace r1::testing {

inline const bool kPluginTried = (tensor::open_cuda_plugin(), true);

}  // namespace r1::testing

#define R1_NEEDS_CUDA()                                                                        \
  do {                                                                                         \
    if (!::r1::tensor::cuda_available()) GTEST_SKIP() << "no CUDA plug-in or no GPU: not run"; \
  } while (false)
