// The templates that libc++'s headers expect to find already instantiated.
#include <algorithm>
#include <functional>
#include <string>

_LIBCPP_BEGIN_NAMESPACE_STD

#define CAIRN_INSTANTIATE(...) template __VA_ARGS__;
_LIBCPP_STRING_V1_EXTERN_TEMPLATE_LIST(CAIRN_INSTANTIATE, char)
template string operator+ <char, char_traits<char>, allocator<char>>(char const*, string const&);

// `Compare` is always __less<T>&, which orders like ranges::less.
template <class Compare, class Iterator>
void __sort(Iterator first, Iterator last, Compare) {
  using Difference = iterator_traits<Iterator>::difference_type;
  if (first == last) return;
  Difference depth = 2 * std::__bit_log2(std::__to_unsigned_like(last - first));
  std::__introsort<_ClassicAlgPolicy, ranges::less, Iterator, __use_branchless_sort<ranges::less, Iterator>>(
      first, last, ranges::less{}, depth);
}

#define CAIRN_INSTANTIATE_SORT(T) template void __sort<__less<T>&, T*>(T*, T*, __less<T>&);
CAIRN_INSTANTIATE_SORT(char)
CAIRN_INSTANTIATE_SORT(signed char)
CAIRN_INSTANTIATE_SORT(unsigned char)
CAIRN_INSTANTIATE_SORT(short)
CAIRN_INSTANTIATE_SORT(unsigned short)
CAIRN_INSTANTIATE_SORT(int)
CAIRN_INSTANTIATE_SORT(unsigned)
CAIRN_INSTANTIATE_SORT(long)
CAIRN_INSTANTIATE_SORT(unsigned long)
CAIRN_INSTANTIATE_SORT(long long)
CAIRN_INSTANTIATE_SORT(unsigned long long)
CAIRN_INSTANTIATE_SORT(float)
CAIRN_INSTANTIATE_SORT(double)

[[__gnu__::__pure__]] size_t __hash_memory(_LIBCPP_NOESCAPE const void* bytes, size_t size) noexcept {
  return __murmur2_or_cityhash<size_t>()(bytes, size);
}

_LIBCPP_END_NAMESPACE_STD
