#include "kernel/shell/line_editor.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace cairn::kernel {
namespace {

// Shows what a terminal shows: one line, and where its cursor is.
class Screen final : public LineTerminal {
 public:
  void write(std::string_view text) override {
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\n') {
        line.clear();
        cursor = 0;
      } else if (c == '\r') {
        cursor = 0;
      } else if (c == '\a') {
        ++bells;
      } else if (c == '\x1b') {
        const size_t end = text.find_first_of("KDHJ", i);
        pending_ = end == std::string_view::npos ? std::string(text.substr(i)) : "";
        if (end == std::string_view::npos) return;
        control(text.substr(i + 2, end - i - 2), text[end]);
        i = end;
      } else if (!pending_.empty()) {
        if (c == 'D') {
          control(std::string_view(pending_).substr(2), c);
          pending_.clear();
        } else {
          pending_ += c;
        }
      } else {
        line.resize(std::max(line.size(), cursor + 1), ' ');
        line[cursor++] = c;
      }
    }
  }
  size_t complete(std::string_view before, std::string_view word, std::span<std::string_view> words) override {
    size_t count = 0;
    for (const std::string& known : before.empty() ? commands : names) {
      if (known.starts_with(word)) words[count++] = known;
    }
    return count;
  }

  std::string line;
  size_t cursor = 0;
  int bells = 0;
  std::vector<std::string> commands = {"help", "kill", "poweroff", "ps"};
  std::vector<std::string> names = {"server", "service", "shell"};

 private:
  void control(std::string_view number, char command) {
    if (command == 'K') line.resize(cursor);
    if (command == 'D') cursor -= static_cast<size_t>(std::stoi(std::string(number)));
  }
  std::string pending_;
};

class Editor : public testing::Test {
 protected:
  Editor() { editor_.begin(); }
  // Types the keys; returns the last event.
  LineEditor::Event type(std::string_view keys) {
    LineEditor::Event event = LineEditor::Event::none;
    for (const char c : keys) event = editor_.key(c);
    return event;
  }
  std::string enter(std::string_view keys) {
    EXPECT_EQ(type(std::string(keys) + "\r"), LineEditor::Event::line);
    std::string line(editor_.line());
    editor_.begin();
    return line;
  }

  Screen screen_;
  LineEditor editor_{screen_, "> "};
};

TEST_F(Editor, EntersWhatIsTyped) {
  EXPECT_EQ(enter("help"), "help");
  EXPECT_EQ(enter(""), "");
  EXPECT_EQ(type("\n"), LineEditor::Event::none);  // the second half of "\r\n"
  EXPECT_EQ(type("ps\n"), LineEditor::Event::line);
}

TEST_F(Editor, EditsInTheMiddle) {
  EXPECT_EQ(enter("hlp\x1b[D\x1b[De"), "help");
  EXPECT_EQ(enter("xkill\x01\x04"), "kill");
  EXPECT_EQ(enter("one two\x17three"), "one three");
  EXPECT_EQ(enter("one\x02\x02\x0b"), "o");
  EXPECT_EQ(enter("one\x15two"), "two");
  EXPECT_EQ(enter("abc\x1b[H\x1b[3~\x1b[F\b"), "b");
}

TEST_F(Editor, RecallsEarlierLines) {
  enter("first");
  enter("second");
  enter("second");
  EXPECT_EQ(enter("\x1b[A\x1b[A"), "first");
  EXPECT_EQ(enter("\x10\x10\x10\x0e"), "second");
  type("\x1b[A");
  EXPECT_EQ(enter("\x1b[B"), "");
  for (int i = 0; i < 100; ++i) type("\x1b[A");
  EXPECT_EQ(enter(""), "first");
}

TEST_F(Editor, CompletesCommandsAndNames) {
  EXPECT_EQ(enter("k\ts\te\t"), "kill serv");  // what `server` and `service` have in common
  EXPECT_EQ(enter("k\tserve\t"), "kill server ");
  EXPECT_EQ(enter("kill sh\t"), "kill shell ");
  const int bells = screen_.bells;
  EXPECT_EQ(enter("z\t"), "z");
  EXPECT_EQ(screen_.bells, bells + 1);
}

TEST_F(Editor, ControlKeysEndTheLine) {
  EXPECT_EQ(type("abc\x03"), LineEditor::Event::interrupt);
  editor_.begin();
  EXPECT_EQ(type("\x04"), LineEditor::Event::end);
}

TEST_F(Editor, ALineHasALimit) { EXPECT_EQ(enter(std::string(1000, 'a')), std::string(LineEditor::kLongestLine, 'a')); }

// Whatever is typed, the terminal shows the line that the editor has, with the cursor where the model has it.
TEST_F(Editor, ShowsTheLineAfterAnyKeys) {
  const std::vector<std::string> keys = {
      "a",      "b",       " ",    "k",    "s",    "\b",         "\x01",   "\x05",   "\x02",   "\x06",
      "\x0b",   "\x15",    "\x17", "\x10", "\x0e", "\x1b[A",     "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H",
      "\x1b[F", "\x1b[3~", "\t",   "\x7f", "\r",   "\x1b[99;5R", "\x1b",   "\xff",   "\x0c"};
  std::minstd_rand random(1);
  for (int i = 0; i < 50'000; ++i) {
    const std::string& key = keys[random() % keys.size()];
    const LineEditor::Event event = type(key);
    if (event != LineEditor::Event::none) editor_.begin();
    if (key == "\x1b") type("x");  // ends the sequence that Escape has begun
    ASSERT_EQ(screen_.line, "> " + std::string(event == LineEditor::Event::none ? editor_.line() : "")) << "step " << i;
    ASSERT_LE(screen_.cursor, screen_.line.size());
    ASSERT_GE(screen_.cursor, 2U);
  }
}

}  // namespace
}  // namespace cairn::kernel
