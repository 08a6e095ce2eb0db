// The standard library's containers, algorithms, strings and streams.
#include <algorithm>
#include <deque>
#include <functional>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "suite.hpp"

namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const = 0;
};
struct Square final : Shape {
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }
  std::string name() const override { return "square"; }
  double side_;
};
struct Triangle final : Shape {
  Triangle(double base, double height) : base_(base), height_(height) {}
  double area() const override { return base_ * height_ / 2; }
  std::string name() const override { return "triangle"; }
  double base_, height_;
};

template <class Container>
uint64_t checksum(const Container& container) {
  uint64_t sum = 14695981039346656037u;
  for (uint64_t value : container) sum = (sum ^ value) * 1099511628211u;
  return sum;
}

}  // namespace

void containers() {
  Random random(2024);
  std::vector<uint64_t> values(300000);
  for (uint64_t& value : values) value = random.next();
  std::vector<uint64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::cout << "sorted " << std::hex << checksum(sorted) << std::dec << '\n';
  std::stable_sort(values.begin(), values.end(), [](uint64_t a, uint64_t b) { return a % 1000 < b % 1000; });
  std::cout << "stable " << checksum(values) << '\n';
  std::nth_element(values.begin(), values.begin() + 150000, values.end(), std::greater<>());
  std::cout << "median " << values[150000] << '\n';

  std::map<std::string, int> counts;
  std::unordered_map<std::string, uint64_t> latest;
  for (int i = 0; i < 60000; ++i) {
    std::string word;
    for (uint64_t bits = random.next() % 17576, letter = 0; letter < 3; ++letter, bits /= 26)
      word += char('a' + bits % 26);
    ++counts[word];
    latest[word] = i;
  }
  std::vector<std::pair<std::string, int>> common(counts.begin(), counts.end());
  std::partial_sort(common.begin(), common.begin() + 10, common.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (int i = 0; i < 10; ++i) {
    std::cout << std::setw(8) << std::left << common[i].first << std::setw(5) << std::right << common[i].second << ' '
              << latest[common[i].first] << '\n';
  }

  std::set<uint64_t> tree;
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> heap;
  std::deque<uint64_t> queue;
  std::list<uint64_t> list;
  for (int i = 0; i < 50000; ++i) {
    const uint64_t value = random.next() % 100000;
    if (!tree.insert(value).second) tree.erase(value);
    heap.push(value);
    if (i % 3 != 0) heap.pop();
    i % 2 != 0 ? queue.push_back(value) : queue.push_front(value);
    if (i % 5 == 0) queue.pop_back();
    list.push_back(value);
  }
  list.sort();
  list.unique();
  std::cout << tree.size() << ' ' << checksum(tree) << ' ' << heap.size() << ' ' << heap.top() << ' ' << checksum(queue)
            << ' ' << list.size() << ' ' << checksum(list) << '\n';

  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 1; i <= 1000; ++i) {
    if (random.next() % 2 != 0) {
      shapes.push_back(std::make_unique<Square>(i * 0.5));
    } else {
      shapes.push_back(std::make_unique<Triangle>(i, i / 3.0));
    }
  }
  std::map<std::string, double> areas;
  for (const auto& shape : shapes) areas[shape->name()] += shape->area();
  for (const auto& [name, area] : areas) std::cout << name << ' ' << std::setprecision(17) << area << '\n';

  std::variant<int, double, std::string> any;
  std::ostringstream text;
  for (int i = 0; i < 9; ++i) {
    if (i % 3 == 0) any = i;
    if (i % 3 == 1) any = i / 7.0;
    if (i % 3 == 2) any = std::string(size_t(i), '*');
    std::visit([&](const auto& value) { text << value << ';'; }, any);
  }
  std::cout << text.str() << '\n';
  std::istringstream input("12 0x1f -7 3.25e2 word");
  int a = 0, b = 0, c = 0;
  double d = 0;
  std::string word;
  input >> a >> std::hex >> b >> std::dec >> c >> d >> word;
  std::cout << a << ' ' << b << ' ' << c << ' ' << d << ' ' << word << '\n';
  std::function<int(int)> compose = [](int x) { return x + 1; };
  for (int i = 0; i < 20; ++i) compose = [compose, i](int x) { return compose(x) * 3 % 1000 + i; };
  std::cout << compose(5) << '\n';
}
