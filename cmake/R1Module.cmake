# r1_module(NAME SOURCES a.cc ... DEPS core ... LIBS fmt::fmt ...): a static library r1_NAME of the folder's sources.
function(r1_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(r1_${name} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND r1_)
  target_link_libraries(r1_${name} PUBLIC r1_flags ${arg_DEPS} ${arg_LIBS})
endfunction()

# Tests find the repository and the build through R1_SOURCE_DIR and R1_BINARY_DIR (const char*, absolute). These are functions of
# one generated source, not string macros: a macro would put this clone's path on every compiler line and ccache would miss.
if(R1_BUILD_TESTS)
  configure_file(${CMAKE_SOURCE_DIR}/tests/support/dirs.cc.in ${CMAKE_BINARY_DIR}/test_dirs.cc @ONLY)
  add_library(r1_test_dirs STATIC ${CMAKE_BINARY_DIR}/test_dirs.cc)
  target_link_libraries(r1_test_dirs PUBLIC r1_flags)
  target_compile_definitions(r1_test_dirs INTERFACE R1_SOURCE_DIR=::r1::test_source_dir\(\) R1_BINARY_DIR=::r1::test_binary_dir\(\))
  target_compile_options(r1_test_dirs INTERFACE -include ${CMAKE_SOURCE_DIR}/tests/support/dirs.h)
endif()

# r1_tests(NAME SOURCES a_test.cc ... DEPS NAME ... [LABELS slow] [LIBS ...]): one GoogleTest program NAME_tests, its cases known
# to ctest one by one. The default label is `fast`: a whole set of those runs in under a minute. A sanitizer build has the fast
# ones only, and runs each program as a whole: starting up libtorch once a case would take most of the time.
function(r1_tests name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS;LIBS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS fast)
  endif()
  if(R1_SANITIZE AND NOT "fast" IN_LIST arg_LABELS)
    return()
  endif()
  add_executable(${name}_tests ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND r1_)
  target_link_libraries(${name}_tests PRIVATE r1_flags r1_test_dirs ${arg_DEPS} ${arg_LIBS} GTest::gtest GTest::gmock
                        GTest::gtest_main)
  if(R1_SANITIZE)
    add_test(NAME ${name} COMMAND ${name}_tests)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
    return()
  endif()
  gtest_discover_tests(${name}_tests DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}." PROPERTIES LABELS "${arg_LABELS}")
endfunction()
