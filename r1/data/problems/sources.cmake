# Sources of the problem generators and corpora, included by r1/data/CMakeLists.txt.
set(R1_DATA_PROBLEM_SOURCES
  problem.cc
  problems/algebra.cc
  problems/arithmetic.cc
  problems/code_function.cc
  problems/corpus.cc
  problems/countdown.cc
  problems/countdown_corpus.cc
  problems/countdown_match.cc
  problems/countdown_trace.cc
  problems/logic.cc
  problems/narration.cc
  problems/near_miss.cc
  problems/registry.cc
  problems/science.cc
  problems/split.cc
  problems/steps.cc)
