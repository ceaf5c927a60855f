// The Python program that serves code verdicts inside the sandbox (server_source.cc). No C++ runs there.
#pragma once

namespace r1::reward {

/// For `python3 -c`. Arguments: a folder that belongs to the server alone (programs get their working folders there),
/// and a program's limits: memory (bytes), CPU (seconds), wall clock (seconds), output (bytes).
extern const char* const kServerSource;

}  // namespace r1::reward
