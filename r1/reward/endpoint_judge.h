// EndpointJudge: a language model behind any OpenAI-compatible endpoint (POST {url}/chat/completions) as the judge, in
// the manner of Arena-Hard: it reads question and answers and ends with scores as JSON. What it says is read strictly;
// a reply without scores in range is Outcome::Unparseable. The texts it judges are marked as data, which lessens but
// does not prevent that an answer talks the judge into a score.
#pragma once

#include <cstdint>
#include <string>

#include "r1/core/config.h"
#include "r1/core/http_client.h"
#include "r1/reward/judge.h"

namespace r1::reward {

struct EndpointJudgeConfig {
  core::HttpClientConfig endpoint;
  std::string model = "default";  // the service's name of the model
  double temperature = 0.0;
  std::int64_t max_tokens = 1024;  // of the judge's reply
};
void fields(core::FieldVisitor& v, EndpointJudgeConfig& c);

class EndpointJudge : public Judge {
 public:
  /// UserError for a bad configuration (core/http_client.h).
  explicit EndpointJudge(const EndpointJudgeConfig& config);

  /// Outcomes: Timeout (no answer in time, after the retries), Crash (unreachable, or an error status 5xx, 429 or 408
  /// to the end), Unparseable. UserError for any other error status: the URL, the key or the model is wrong.
  Judgement compare(const JudgeRequest& request) const override;
  Grade grade(const GradeRequest& request) const override;

 private:
  struct Reply {
    Outcome outcome = Outcome::Scored;
    std::string text;  // the model's; or why there is none
  };
  Reply ask(const std::string& question) const;

  EndpointJudgeConfig config_;
  core::HttpClient client_;
};

}  // namespace r1::reward
