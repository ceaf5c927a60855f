// Code answers by their tests, the reward of R1's code problems (handbook rl.md A1: run against the tests, 1 or 0). An
// answer is a Python expression in x, or a block that defines f(x); a surrounding code fence is taken off. The sandbox
// gets the inputs only: expected outputs never enter it, they are compared here. Style and speed are not scored.
#pragma once

#include <string>

#include "r1/reward/accuracy.h"
#include "r1/reward/code/sandbox.h"

namespace r1::reward {

/// `tests`: JSON, a list of {"input": value, "output": value} with at least one element; an input is x as it is (a list
/// is one list). Right: every output equal. Numbers are equal by value, with a relative (or absolute, below 1) error of
/// 1e-9 where either is no integer; tuples are lists; true is not 1.
/// Outcomes: Scored (an exception in f is a wrong answer), Timeout, Crash (memory, signal), Unparseable (no Python, no
/// f, an empty answer). UserError for tests that are not that, and as Sandbox::run.
Accuracy check_code(const std::string& answer, const std::string& tests, Sandbox& sandbox);

}  // namespace r1::reward
