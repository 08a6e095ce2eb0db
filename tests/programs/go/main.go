// Tests what Go programs use of a WASI host: Go's scheduler and collector in wasm, and its standard library.
package main

import (
	"bytes"
	"compress/gzip"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type random uint64

func (r *random) next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

func sorting() {
	r := random(7)
	numbers := make([]int, 20000)
	for i := range numbers {
		numbers[i] = int(r.next() >> 20)
	}
	sort.Ints(numbers)
	words := make([]string, 5000)
	for i := range words {
		words[i] = strconv.FormatUint(r.next()%1000000, 36)
	}
	sort.SliceStable(words, func(i, j int) bool { return len(words[i]) < len(words[j]) })
	hash := crc32.NewIEEE()
	for _, n := range numbers {
		fmt.Fprintln(hash, n)
	}
	io.WriteString(hash, strings.Join(words, " "))
	fmt.Printf("sort: %v %v %08x\n", numbers[:3], words[:5], hash.Sum32())
}

func compressing() {
	r := random(11)
	var text bytes.Buffer
	for text.Len() < 200000 {
		fmt.Fprintf(&text, "line %d of %x\n", text.Len()/13, r.next()%4096)
	}
	for _, level := range []int{1, 6, 9} {
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, level)
		check(err)
		_, err = w.Write(text.Bytes())
		check(err)
		check(w.Close())
		size, sum := packed.Len(), crc32.ChecksumIEEE(packed.Bytes())
		reader, err := gzip.NewReader(&packed)
		check(err)
		back, err := io.ReadAll(reader)
		check(err)
		fmt.Printf("gzip -%d: %d -> %d %08x %v\n", level, text.Len(), size, sum, bytes.Equal(back, text.Bytes()))
	}
}

func matching() {
	date := regexp.MustCompile(`(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-3]\d)`)
	var text strings.Builder
	for i := 0; i < 400; i++ {
		fmt.Fprintf(&text, "on %04d-%02d-%02d or <%d@host%d.example> ", 1900+i, i%14, i%31, i, i%7)
	}
	found := date.FindAllStringSubmatch(text.String(), -1)
	mail := regexp.MustCompile(`<([a-z0-9]+)@((?:host[0-3]+\.)+example)>`)
	swapped := mail.ReplaceAllString(text.String(), "<$2 at $1>")
	fmt.Printf("regexp: %d dates, last %q, crc %08x\n", len(found), found[len(found)-1], crc32.ChecksumIEEE([]byte(swapped)))
}

type node struct {
	Name     string             `json:"name"`
	Weight   float64            `json:"weight"`
	Tags     []string           `json:"tags,omitempty"`
	Children []*node            `json:"children,omitempty"`
	Extra    map[string]float64 `json:"extra,omitempty"`
	Raw      json.RawMessage    `json:"raw,omitempty"`
}

func tree(depth int, r *random) *node {
	n := &node{Name: fmt.Sprintf("n%d \u00e9\u4e16<&>", depth), Weight: math.Sqrt(float64(r.next()%1000)) / 3}
	for i := 0; i < depth; i++ {
		n.Tags = append(n.Tags, strings.Repeat("t", i))
		if i < 3 {
			n.Children = append(n.Children, tree(depth-1-i, r))
		}
	}
	if depth == 2 {
		n.Extra = map[string]float64{"pi": math.Pi, "tiny": 5e-324, "huge": math.MaxFloat64, "minus": math.Copysign(0, -1)}
		n.Raw = json.RawMessage(`{"kept": [1, 2.50, null]}`)
	}
	return n
}

func encoding() {
	r := random(3)
	text, err := json.Marshal(tree(7, &r))
	check(err)
	var back node
	check(json.Unmarshal(text, &back))
	again, err := json.Marshal(&back)
	check(err)
	var object map[string]any
	check(json.Unmarshal(text, &object))
	indented, err := json.MarshalIndent(object["children"].([]any)[2], "", " ")
	check(err)
	var syntax *json.SyntaxError
	fmt.Printf("json: %d bytes, same %v, crc %08x, error %v\n", len(text), bytes.Equal(text, again), crc32.ChecksumIEEE(indented),
		errors.As(json.Unmarshal([]byte(`{"a": 1,}`), &object), &syntax))
}

type item struct {
	left, right *item
	pad         [5]int
}

func grow(depth int) *item {
	if depth == 0 {
		return &item{}
	}
	return &item{left: grow(depth - 1), right: grow(depth - 1)}
}

func (t *item) count() int {
	if t == nil {
		return 0
	}
	return 1 + t.left.count() + t.right.count()
}

func collecting() {
	debug.SetGCPercent(50)
	kept, total := grow(12), 0
	for i := 0; i < 60; i++ {
		total += grow(10).count()
	}
	finalized := make(chan bool, 1)
	func() {
		object := &[4]string{"gone"}
		runtime.SetFinalizer(object, func(*[4]string) { finalized <- true })
	}()
	for len(finalized) == 0 {
		runtime.GC()
		runtime.Gosched()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Printf("gc: kept %d, made %d, collected %v, finalized %v\n", kept.count(), total, stats.NumGC >= 3, <-finalized)
}

func running() {
	jobs, results := make(chan int), make(chan int, 4)
	var workers sync.WaitGroup
	for w := 0; w < 8; w++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range jobs {
				results <- n * n
			}
		}()
	}
	go func() {
		for i := 1; i <= 1000; i++ {
			jobs <- i
		}
		close(jobs)
		workers.Wait()
		close(results)
	}()
	sum := 0
	for n := range results {
		sum += n
	}
	// A sieve with a goroutine for each prime.
	numbers := make(chan int)
	go func() {
		for i := 2; ; i++ {
			numbers <- i
		}
	}()
	var primes []int
	for len(primes) < 60 {
		prime := <-numbers
		primes = append(primes, prime)
		filtered, from := make(chan int), numbers
		go func() {
			for n := range from {
				if n%prime != 0 {
					filtered <- n
				}
			}
		}()
		numbers = filtered
	}
	var mutex sync.Mutex
	var all sync.WaitGroup
	counter := 0
	for g := 0; g < 50; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < 100; i++ {
				mutex.Lock()
				counter++
				mutex.Unlock()
				if i%10 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	all.Wait()
	start := time.Now()
	order := make(chan string, 3)
	for _, d := range []int{30, 10, 20} {
		go func() {
			time.Sleep(time.Duration(d) * time.Millisecond)
			order <- strconv.Itoa(d)
		}()
	}
	slept := <-order + " " + <-order + " " + <-order
	timeout := false
	select {
	case <-make(chan int):
	case <-time.After(5 * time.Millisecond):
		timeout = true
	}
	elapsed := time.Since(start)
	fmt.Printf("goroutines: %d, primes ..%d, %d, slept %s, timeout %v, waited %v\n", sum, primes[59], counter, slept, timeout,
		elapsed >= 35*time.Millisecond)
}

type queue []float64

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(float64)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func recovered() (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	var none []int
	return fmt.Sprint(none[len(os.Args)-1+5])
}

func deep(n int) int {
	var pad [32]int
	pad[n%32] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%32] - n + 1
}

func language() {
	var q queue
	for i := 0; i < 100; i++ {
		heap.Push(&q, math.Sin(float64(i)))
	}
	fmt.Printf("language: %.17g panic %q deep %d %v %x %+d %q %T\n", heap.Pop(&q), recovered(), deep(20000), 1e21, -255, 7, 'ß', q)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	check(err)
	fmt.Printf("args %q, input %d bytes, HOME %q\n", os.Args[1:], len(input), os.Getenv("HOME"))
	sorting()
	compressing()
	matching()
	encoding()
	collecting()
	running()
	language()
	_, err = os.Open("/no/such/file")
	fmt.Println("open:", errors.Is(err, os.ErrNotExist) || err != nil)
	os.Exit(3)
}
