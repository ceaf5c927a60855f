// Whole checkpoints converted, by function and by the verb: folder -> GGUF -> folder, folder -> folder, the cache of
// model_folder; nothing half-written, nothing overwritten.
#include "r1/cli/convert_model.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "r1/cli/model_folder.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/weights/list_tensors.h"
#include "tests/cli/tiny_checkpoint.h"

namespace r1::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ConvertModel : public TinyCheckpoint {
 protected:
  std::string complaint(const fs::path& from, const fs::path& to, const ConvertConfig& config = {}) {
    try {
      convert_model(from, to, config);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
  static int run(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return run_program(static_cast<int>(argv.size()), argv.data());
  }
  /// Whether the file has the bytes that r1 itself writes for the checkpoint's tensors (other programs order a header's
  /// keys in another way).
  bool same_tensors(const fs::path& model) const {
    const fs::path again = own_ / "again";
    fs::remove_all(again);
    convert_model(folder_, again, {});
    return core::read_file(model / "model.safetensors") == core::read_file(again / "model.safetensors");
  }
  static std::string dtype_of(const fs::path& path, const std::string& tensor) {
    for (const weights::TensorSummary& summary : weights::list_tensors(path))
      if (summary.name == tensor) return summary.dtype;
    return "";
  }
};

TEST_F(ConvertModel, ThroughGgufAndBackIsTheSame) {
  const fs::path gguf = own_ / "x.gguf", back = own_ / "back";
  ASSERT_EQ(run({"r1", "convert", folder_, gguf, "--type", "f32"}), 0);
  ASSERT_EQ(run({"r1", "convert", gguf, back}), 0);
  EXPECT_TRUE(same_tensors(back));
  EXPECT_EQ(core::read_file(back / "tokenizer.json"), core::read_file(folder_ / "tokenizer.json"));
  const auto generation = nlohmann::json::parse(core::read_file(back / "generation_config.json"));
  EXPECT_EQ(generation["eos_token_id"], nlohmann::json::array({45, 0}));
  const auto config = nlohmann::json::parse(core::read_file(back / "config.json"));
  EXPECT_EQ(config["eos_token_id"], nlohmann::json::array({45, 0}));
  const auto before = nlohmann::json::parse(core::read_file(folder_ / "config.json"));
  for (const char* key : {"hidden_size", "head_dim", "num_key_value_heads", "rms_norm_eps", "vocab_size", "model_type",
                          "max_position_embeddings", "tie_word_embeddings", "architectures"})
    EXPECT_EQ(config[key], before[key]) << key;
  EXPECT_FALSE(fs::exists(own_ / "back.partial"));
}

TEST_F(ConvertModel, FoldersKeepTheirFiles) {
  core::write_file_atomic(folder_ / "chat_template.jinja", "{{ messages }}");
  core::write_file_atomic(folder_ / "additional_chat_templates/tool_use.jinja", "{{ tools }}");
  core::write_file_atomic(folder_ / "manifest.json", "{}");
  ASSERT_EQ(run({"r1", "convert", folder_, own_ / "out", "--dtype", "bf16", "--shard_size", "10kB"}), 0);
  EXPECT_EQ(dtype_of(own_ / "out", "lm_head.weight"), "BF16");
  EXPECT_TRUE(fs::exists(own_ / "out/model.safetensors.index.json"));
  for (const char* name : {"tokenizer.json", "chat_template.jinja", "additional_chat_templates/tool_use.jinja"})
    EXPECT_EQ(core::read_file(own_ / "out" / name), core::read_file(folder_ / name)) << name;
  EXPECT_FALSE(fs::exists(own_ / "out/manifest.json"));  // the stage's, not the model's
}

TEST_F(ConvertModel, MistakesLeaveNothingBehind) {
  EXPECT_THAT(complaint(own_ / "absent.gguf", own_ / "out"), HasSubstr("no such file"));
  EXPECT_THAT(complaint(folder_ / "config.json", own_ / "out"), HasSubstr("neither a .gguf file nor a model folder"));
  EXPECT_THAT(complaint(folder_, folder_), HasSubstr("is the source itself"));
  core::write_file_atomic(own_ / "there/note.txt", "mine");
  EXPECT_THAT(complaint(folder_, own_ / "there"), HasSubstr("is there already"));
  EXPECT_THAT(complaint(folder_, own_ / "x.gguf", {.dtype = "", .type = "q9"}), HasSubstr("--type"));
  EXPECT_THAT(complaint(folder_, own_ / "out", {.dtype = "f8"}), HasSubstr("f8"));
  core::write_file_atomic(own_ / "damaged.gguf", "GGUF");
  EXPECT_THAT(complaint(own_ / "damaged.gguf", own_ / "out"), HasSubstr("damaged.gguf"));
  EXPECT_THAT(complaint(own_ / "damaged.gguf", own_ / "y.gguf"), HasSubstr("into a folder first"));
  EXPECT_EQ(run({"r1", "convert", folder_, own_ / "out", "--shard_size", "5XB"}), 2);
  for (const char* name : {"out", "out.partial", "x.gguf", "x.gguf.partial", "y.gguf"})
    EXPECT_FALSE(fs::exists(own_ / name)) << name;
  EXPECT_EQ(core::read_file(own_ / "there/note.txt"), "mine");
}

TEST(ParseSize, BytesAndUnits) {
  EXPECT_EQ(parse_size("123"), 123U);
  EXPECT_EQ(parse_size("5GB"), 5'000'000'000U);
  EXPECT_EQ(parse_size("2KiB"), 2048U);
  for (const char* bad : {"", "GB", "0", "-5GB", "5gb", "1.5GB", "5 GB", "99999999999999GB"})
    EXPECT_THROW(parse_size(bad), UserError) << bad;
}

TEST_F(ConvertModel, ModelFolderConvertsOnce) {
  setenv("XDG_CACHE_HOME", (own_ / "cache").c_str(), 1);
  EXPECT_EQ(model_folder(folder_), folder_);
  const fs::path gguf = own_ / "x.gguf";
  convert_model(folder_, gguf, {.dtype = "", .type = "f32"});
  const fs::path made = model_folder(gguf);
  EXPECT_EQ(made.parent_path(), own_ / "cache/r1/models");
  EXPECT_THAT(made.filename().string(), ::testing::StartsWith("x-"));
  EXPECT_TRUE(same_tensors(made));
  const auto written = fs::last_write_time(made / "config.json");
  EXPECT_EQ(model_folder(gguf), made);
  EXPECT_EQ(fs::last_write_time(made / "config.json"), written);  // not converted again

  fs::remove(gguf);
  convert_model(folder_, gguf, {.dtype = "", .type = "bf16"});  // another file under the same name
  fs::last_write_time(gguf, written + std::chrono::hours(1));
  const fs::path other = model_folder(gguf);
  EXPECT_NE(other, made);
  EXPECT_EQ(dtype_of(other, "lm_head.weight"), "BF16");
  fs::create_directories(fs::path(other).concat(".partial"));  // as a process leaves it that was killed half-way
  fs::remove_all(other);
  EXPECT_TRUE(fs::exists(model_folder(gguf) / "config.json"));
  unsetenv("XDG_CACHE_HOME");
}

TEST_F(ConvertModel, LogitsAndSftTakeAGgufFile) {
  setenv("XDG_CACHE_HOME", (own_ / "cache").c_str(), 1);
  const fs::path gguf = own_ / "x.gguf", ids = own_ / "ids.json", data = own_ / "data.jsonl";
  convert_model(folder_, gguf, {.dtype = "", .type = "f32"});
  core::write_file_atomic(ids, "[[1, 2, 3, 4]]");
  core::write_file_atomic(data, R"({"prompt": "the 1", "completion": " 2 the"})");
  for (const auto& [model, made] : {std::pair(folder_, "of_folder"), std::pair(gguf, "of_gguf")}) {
    ASSERT_EQ(run({"r1", "logits", model, "--ids", ids, "--out", own_ / (std::string(made) + ".logits")}), 0);
    ASSERT_EQ(run({"r1", "sft", model, "--data", data, "--out", own_ / made, "--row_length", "16", "--epochs", "2"}),
              0);
  }
  EXPECT_EQ(core::read_file(own_ / "of_gguf.logits"), core::read_file(own_ / "of_folder.logits"));
  EXPECT_EQ(core::read_file(own_ / "of_gguf/model.safetensors"), core::read_file(own_ / "of_folder/model.safetensors"));
  EXPECT_EQ(core::read_file(own_ / "of_gguf/tokenizer.json"), core::read_file(folder_ / "tokenizer.json"));
  unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace r1::cli
