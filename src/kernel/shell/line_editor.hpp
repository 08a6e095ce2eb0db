// Edits a line that is typed on a terminal: cursor keys, history and completion.
//
// The editor gets the bytes that the terminal sends, and writes what the terminal must show. It understands the control
// characters of readline and the escape sequences of the cursor keys (ECMA-48 8.3, "CUU" to "CUB").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cairn::kernel {

// What the editor needs from its user.
class LineTerminal {
 public:
  virtual ~LineTerminal() = default;
  virtual void write(std::string_view text) = 0;
  // Stores the words that begin with `word` and may stand at its place: `before` is the line up to it. Returns how many
  // there are; those beyond the end of `words` are not stored.
  virtual size_t complete(std::string_view before, std::string_view word, std::span<std::string_view> words) = 0;
};

class LineEditor {
 public:
  static constexpr size_t kLongestLine = 200;  // bytes
  static constexpr size_t kHistory = 16;       // lines that can be recalled

  enum class Event : uint8_t {
    none,
    line,       // a line has been entered: line() has it until the next key
    interrupt,  // Ctrl-C has dropped the line
    end,        // Ctrl-D on an empty line
  };

  LineEditor(LineTerminal& terminal, std::string_view prompt) : terminal_(terminal), prompt_(prompt) {}

  // Shows the prompt and begins an empty line.
  void begin();
  // Takes the next byte from the terminal.
  Event key(char c);
  [[nodiscard]] std::string_view line() const { return line_.text(); }

 private:
  struct Line {
    std::array<char, kLongestLine> bytes;
    size_t size = 0;

    [[nodiscard]] std::string_view text() const { return {bytes.data(), size}; }
    void set(std::string_view text) { size = text.copy(bytes.data(), bytes.size()); }
  };
  enum class Escape : uint8_t { none, begun, sequence };

  void insert(std::string_view text);
  void erase(size_t start, size_t end);
  void show();
  void move_to(size_t cursor);
  void escape(char c);
  void recall(size_t age);
  void complete();
  Event enter();
  [[nodiscard]] size_t start_of_word() const;

  LineTerminal& terminal_;
  std::string_view prompt_;
  Line line_;
  size_t cursor_ = 0;
  Escape escape_ = Escape::none;
  unsigned parameter_ = 0;  // the number in an escape sequence
  bool after_return_ = false;
  std::array<Line, kHistory> history_;
  size_t entered_ = 0;  // how many lines have gone to the history so far
  size_t age_ = 0;      // the line shown is the one entered so many lines ago; 0: a new line
};

}  // namespace cairn::kernel
