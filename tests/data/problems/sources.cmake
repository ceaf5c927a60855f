# Tests of the problem records, generators and corpora, included by tests/data/CMakeLists.txt.
set(R1_DATA_PROBLEM_TESTS
  problem_test.cc
  problems/code_function_test.cc
  problems/corpus_test.cc
  problems/countdown_corpus_test.cc
  problems/countdown_match_test.cc
  problems/countdown_test.cc
  problems/countdown_trace_test.cc
  problems/generator_test.cc
  problems/narration_test.cc
  problems/near_miss_test.cc
  problems/oracle.cc
  problems/split_test.cc
  problems/steps_test.cc)
