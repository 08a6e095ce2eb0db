#include "kernel/shell/line_editor.hpp"

#include <algorithm>

namespace cairn::kernel {
namespace {

constexpr char control(char letter) { return static_cast<char>(letter & 0x1f); }

constexpr char kEscape = 0x1b;
constexpr char kDelete = 0x7f;
constexpr std::string_view kBell = "\a";

// Writes a number of at most three digits.
std::string_view decimal(std::array<char, 4>& digits, size_t number) {
  size_t at = digits.size();
  do digits[--at] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0 && at != 0);
  return {digits.data() + at, digits.size() - at};
}

}  // namespace

void LineEditor::begin() {
  line_.size = cursor_ = age_ = 0;
  terminal_.write(prompt_);
}

// Writes the whole line again and places the terminal's cursor.
void LineEditor::show() {
  terminal_.write("\r");
  terminal_.write(prompt_);
  terminal_.write(line_.text());
  terminal_.write("\x1b[K");
  std::array<char, 4> digits;
  if (const size_t behind = line_.size - cursor_; behind != 0) {
    terminal_.write("\x1b[");
    terminal_.write(decimal(digits, behind));
    terminal_.write("D");
  }
}

void LineEditor::move_to(size_t cursor) {
  cursor_ = cursor;
  show();
}

void LineEditor::insert(std::string_view text) {
  if (text.size() > kLongestLine - line_.size) return terminal_.write(kBell);
  std::copy_backward(line_.bytes.begin() + cursor_, line_.bytes.begin() + line_.size,
                     line_.bytes.begin() + line_.size + text.size());
  text.copy(line_.bytes.data() + cursor_, text.size());
  line_.size += text.size();
  cursor_ += text.size();
  if (cursor_ == line_.size) {
    terminal_.write(text);
  } else {
    show();
  }
}

void LineEditor::erase(size_t start, size_t end) {
  if (start == end) return;
  std::copy(line_.bytes.begin() + end, line_.bytes.begin() + line_.size, line_.bytes.begin() + start);
  line_.size -= end - start;
  cursor_ = start;
  show();
}

size_t LineEditor::start_of_word() const {
  size_t start = cursor_;
  while (start != 0 && line_.bytes[start - 1] == ' ') --start;
  while (start != 0 && line_.bytes[start - 1] != ' ') --start;
  return start;
}

void LineEditor::recall(size_t age) {
  if (age > std::min(entered_, kHistory)) return terminal_.write(kBell);
  age_ = age;
  line_.set(age == 0 ? std::string_view() : history_[(entered_ - age) % kHistory].text());
  move_to(line_.size);
}

// Inserts the text that all possible words continue with. If there is none, shows the words.
void LineEditor::complete() {
  const size_t space = line_.text().substr(0, cursor_).rfind(' ');
  const size_t start = space == std::string_view::npos ? 0 : space + 1;
  const std::string_view word = line_.text().substr(start, cursor_ - start);
  std::array<std::string_view, 64> words;
  const size_t count = std::min(terminal_.complete(line_.text().substr(0, start), word, words), words.size());
  if (count == 0) return terminal_.write(kBell);
  std::string_view common = words[0];
  for (size_t i = 1; i < count; ++i)
    common = common.substr(0, std::ranges::mismatch(common, words[i]).in1 - common.begin());
  if (count == 1) {
    insert(common.substr(word.size()));
    return insert(" ");
  }
  if (common.size() > word.size()) return insert(common.substr(word.size()));
  terminal_.write("\n");
  for (size_t i = 0; i < count; ++i) {
    terminal_.write(words[i]);
    terminal_.write(i + 1 < count ? "  " : "\n");
  }
  show();
}

LineEditor::Event LineEditor::enter() {
  terminal_.write("\n");
  const bool repeats = entered_ != 0 && history_[(entered_ - 1) % kHistory].text() == line_.text();
  if (line_.size != 0 && !repeats) history_[entered_++ % kHistory] = line_;
  return Event::line;
}

// Takes a byte of an escape sequence.
void LineEditor::escape(char c) {
  if (escape_ == Escape::begun) {
    escape_ = c == '[' || c == 'O' ? Escape::sequence : Escape::none;
    parameter_ = 0;
    return;
  }
  if (c >= '0' && c <= '9') {
    parameter_ = (parameter_ * 10 + static_cast<unsigned>(c - '0')) % 1000;
    return;
  }
  if (c == ';') return;
  escape_ = Escape::none;
  // The last byte says which key it was: A up, B down, C right, D left, H Home, F End; after ~, the parameter says it.
  if (c == '~') c = parameter_ == 1 ? 'H' : parameter_ == 4 ? 'F' : parameter_ == 3 ? kDelete : '\0';
  switch (c) {
    case 'A': return recall(age_ + 1);
    case 'B': return age_ == 0 ? terminal_.write(kBell) : recall(age_ - 1);
    case 'C': return move_to(std::min(cursor_ + 1, line_.size));
    case 'D': return move_to(cursor_ - (cursor_ != 0));
    case 'H': return move_to(0);
    case 'F': return move_to(line_.size);
    case kDelete: return erase(cursor_, std::min(cursor_ + 1, line_.size));
    default: return;
  }
}

LineEditor::Event LineEditor::key(char c) {
  const bool ends_a_return = after_return_ && c == '\n';  // a terminal may send "\r\n"
  after_return_ = c == '\r';
  if (ends_a_return) return Event::none;
  if (escape_ != Escape::none) {
    escape(c);
    return Event::none;
  }
  switch (c) {
    case '\r':
    case '\n': return enter();
    case control('C'): terminal_.write("^C\n"); return Event::interrupt;
    case control('D'):
      if (line_.size == 0) return Event::end;
      erase(cursor_, std::min(cursor_ + 1, line_.size));
      break;
    case kEscape: escape_ = Escape::begun; break;
    case '\t': complete(); break;
    case '\b':
    case kDelete: erase(cursor_ - (cursor_ != 0), cursor_); break;
    case control('A'): move_to(0); break;
    case control('B'): move_to(cursor_ - (cursor_ != 0)); break;
    case control('E'): move_to(line_.size); break;
    case control('F'): move_to(std::min(cursor_ + 1, line_.size)); break;
    case control('K'): erase(cursor_, line_.size); break;
    case control('L'):
      terminal_.write("\x1b[H\x1b[2J");
      show();
      break;
    case control('N'): age_ == 0 ? terminal_.write(kBell) : recall(age_ - 1); break;
    case control('P'): recall(age_ + 1); break;
    case control('U'): erase(0, cursor_); break;
    case control('W'): erase(start_of_word(), cursor_); break;
    default:
      if (c >= ' ' && c < kDelete) insert({&c, 1});
  }
  return Event::none;
}

}  // namespace cairn::kernel
