// Where the repository and the build lie, for tests that read fixtures or start the program. Included ahead of every
// test source by r1_tests() (cmake/R1Module.cmake); write R1_SOURCE_DIR and R1_BINARY_DIR. The paths stand in one
// generated source so that no test's compiler line names this clone's place.
#pragma once

namespace r1 {

/// Absolute path of the repository.
const char* test_source_dir();

/// Absolute path of the build folder; the program is `r1` in it.
const char* test_binary_dir();

}  // namespace r1
