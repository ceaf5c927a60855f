# r1_module(NAME SOURCES a.cc ... DEPS core ... LIBS fmt::fmt ...): a static library r1_NAME of the folder's sources.
function(r1_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(r1_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND r1_)
  target_link_libraries(r1_${name} PUBLIC r1_flags ${arg_DEPS} ${arg_LIBS})
endfunction()

# r1_tests(NAME SOURCES a_test.cc ... DEPS NAME ... [LABELS slow] [LIBS ...]): one GoogleTest program NAME_tests, its cases known
# to ctest one by one. The default label is `fast`: a whole set of those runs in under a minute.
function(r1_tests name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS;LIBS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  add_executable(${name}_tests ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND r1_)
  target_link_libraries(${name}_tests PRIVATE r1_flags ${arg_DEPS} ${arg_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_tests PRIVATE R1_SOURCE_DIR="${CMAKE_SOURCE_DIR}" R1_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${name}_tests DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}." PROPERTIES LABELS "${arg_LABELS}")
endfunction()
