// Text to measure with: where R1_DATA names a folder of data sets, real text (repeated with its words perturbed, so
// that new ones keep coming as in a real corpus); else generated text. Same arguments and same data, same bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace r1::bench {

/// `bytes` of mixed text: prose, Chinese, digits, code.
std::string mixed_text(std::size_t bytes);

/// The text cut into documents of about `document_bytes`, at line ends.
std::vector<std::string_view> documents_of(std::string_view text, std::size_t document_bytes);

}  // namespace r1::bench
