// Uses Rust's standard library, without threads: collections, strings, formatting of floats, traits, 128-bit integers.
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::fmt::{self, Display, Write as _};
use std::io::{self, BufRead, Read, Write};
use std::rc::{Rc, Weak};
use std::cell::{Cell, RefCell};

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn fold(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

fn collections() {
    let mut random = Random(42);
    let values: Vec<u64> = (0..5000).map(|_| random.next() % 10_000).collect();
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for v in &values {
        *counts.entry(*v).or_default() += 1;
    }
    let mut by_count: Vec<_> = counts.into_iter().collect();
    by_count.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let ordered: BTreeMap<String, u64> = values.iter().map(|v| (format!("{:05}", v), v * v)).collect();
    let range: Vec<_> = ordered.range("04990".to_string().."05010".to_string()).map(|(k, v)| format!("{k}={v}")).collect();
    let mut heap: BinaryHeap<_> = values.iter().copied().collect();
    let top: Vec<u64> = (0..5).filter_map(|_| heap.pop()).collect();
    let (even, odd): (BTreeSet<u64>, BTreeSet<u64>) = values.iter().partition(|v| **v % 2 == 0);
    let shifted: HashSet<u64> = odd.iter().map(|v| v + 1).collect();
    let mut ring: VecDeque<u64> = values.iter().take(100).copied().collect();
    ring.rotate_left(37);
    ring.make_contiguous().sort_unstable_by_key(|v| v % 97);
    let mut list: LinkedList<u64> = ring.iter().copied().collect();
    let tail = list.split_off(60);
    println!("{:?}", &by_count[..3]);
    println!("{}", range.join(" "));
    println!("{top:?} {} {} {}", even.len(), odd.len(), even.iter().filter(|v| shifted.contains(v)).count());
    println!("{:?} {:?} {}", ring.iter().take(5).collect::<Vec<_>>(), list.back(), tail.len());
}

fn strings() {
    let text = "Der Fluß ist größer als 42 Ömlauts — 世界 🦀 end";
    println!("{} {} {}", text.len(), text.chars().count(), text.to_uppercase());
    println!("{:?}", text.split_whitespace().rev().collect::<Vec<_>>());
    println!("{:?} {:?} {:?}", text.find("世"), text.char_indices().nth(40), "a,b,,c".splitn(3, ',').collect::<Vec<_>>());
    println!("{:?} {:?}", "12x".parse::<i32>(), "-170141183460469231731687303715884105728".parse::<i128>());
    println!("{:?}", String::from_utf8(vec![b'o', 0xff]).map_err(|e| e.to_string()));
    println!("{:>12}|{:<12}|{:^12}|{:+}|{:#x}|{:#010b}|{:e}", "right", "left", "mid", 7, 255, 5, 1234.5);
    let mut out = String::new();
    for i in 0..2000 {
        write!(out, "{i:x}-").unwrap();
    }
    println!("{:016x}", fold(0xcbf2_9ce4_8422_2325, &out));
}

fn floats() {
    for x in [0.1, 1.0 / 3.0, 1e21, 1e-7, 123456789.125, f64::MAX, f64::MIN_POSITIVE, 5e-324, -0.0, f64::NAN, f64::INFINITY] {
        println!("{x} {x:?} {x:.3} {:?} {}", x as f32, x as i32);
    }
    let mut random = Random(99);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for _ in 0..2000 {
        let x = f64::from_bits(random.next());
        let text = format!("{x:e}");
        if !x.is_nan() {
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
        hash = fold(hash, &text);
    }
    println!("{hash:016x} {:.15} {:.15} {:.12}", 2f64.sqrt(), 0.5f64.sin(), 10f64.powf(0.3));
}

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        "shape".into()
    }
}
struct Circle(f64);
struct Square(f64);
impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
    fn name(&self) -> String {
        format!("circle {}", self.0)
    }
}
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Token {
    Number(i64),
    Symbol(char),
}
#[derive(Debug)]
enum Problem {
    Unexpected(char, usize),
    Division,
}
impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Problem::Unexpected(c, at) => write!(f, "unexpected {c:?} at {at}"),
            Problem::Division => f.write_str("division by zero"),
        }
    }
}
impl std::error::Error for Problem {}

fn tokens(text: &str) -> Result<Vec<Token>, Box<dyn std::error::Error>> {
    let mut result = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some(&(at, c)) = chars.peek() {
        match c {
            ' ' => drop(chars.next()),
            '0'..='9' => {
                let mut digits = String::new();
                while let Some((_, d)) = chars.next_if(|(_, d)| d.is_ascii_digit()) {
                    digits.push(d);
                }
                result.push(Token::Number(digits.parse()?));
            }
            '+' | '-' | '*' | '/' | '(' | ')' => {
                result.push(Token::Symbol(c));
                chars.next();
            }
            _ => return Err(Problem::Unexpected(c, at).into()),
        }
    }
    Ok(result)
}

fn expression(tokens: &[Token], at: &mut usize, level: usize) -> Result<i64, Problem> {
    if level == 2 {
        *at += 1;
        return match &tokens[*at - 1] {
            Token::Number(n) => Ok(*n),
            Token::Symbol('(') => {
                let value = expression(tokens, at, 0)?;
                *at += 1;
                Ok(value)
            }
            Token::Symbol(c) => Err(Problem::Unexpected(*c, *at)),
        };
    }
    let mut value = expression(tokens, at, level + 1)?;
    while let Some(Token::Symbol(op)) = tokens.get(*at) {
        if !["+-", "*/"][level].contains(*op) {
            break;
        }
        *at += 1;
        let right = expression(tokens, at, level + 1)?;
        value = match op {
            '+' => value.wrapping_add(right),
            '-' => value.wrapping_sub(right),
            '*' => value.wrapping_mul(right),
            _ => value.checked_div(right).ok_or(Problem::Division)?,
        };
    }
    Ok(value)
}

struct Tree {
    parent: RefCell<Weak<Tree>>,
    children: RefCell<Vec<Rc<Tree>>>,
    drops: Rc<Cell<u32>>,
}
impl Drop for Tree {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}
fn tree(depth: u32, drops: &Rc<Cell<u32>>) -> Rc<Tree> {
    let node = Rc::new(Tree { parent: Default::default(), children: Default::default(), drops: drops.clone() });
    for _ in 0..depth {
        let child = tree(depth - 1, drops);
        *child.parent.borrow_mut() = Rc::downgrade(&node);
        node.children.borrow_mut().push(child);
    }
    node
}

fn language() {
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Circle(1.5)), Box::new(Square(2.0))];
    for shape in &shapes {
        println!("{} {:.6}", shape.name(), shape.area());
    }
    for text in ["1 + 2 * (3 - 4) / 1", "7 / (3 - 3)", "2 & 3", "99999999999999999999"] {
        let value = tokens(text).and_then(|t| expression(&t, &mut 0, 0).map_err(Into::into));
        match value {
            Ok(v) => println!("{text} = {v}"),
            Err(e) => println!("{text}: {e}"),
        }
    }
    let drops = Rc::new(Cell::new(0));
    let root = tree(6, &drops);
    let child = root.children.borrow()[2].clone();
    println!("{} {} {}", child.parent.borrow().upgrade().is_some(), Rc::strong_count(&child), drops.get());
    drop(root);
    println!("{} {}", child.parent.borrow().upgrade().is_none(), drops.get());
    let a: u128 = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
    println!("{} {} {:?} {:?}", a.wrapping_mul(a), a / 1_000_000_007, a.checked_mul(a), (a as i128).checked_neg());
    println!("{:?} {:?} {}", 200u8.checked_add(100), 200u8.overflowing_add(100), (-7i32).rem_euclid(3));
    let sum: u64 = (1..=1000u64).filter(|n| n % 3 == 0).flat_map(|n| (0..n % 5).map(move |k| n * k)).sum();
    println!("{sum}");
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let stdin = io::stdin();
    let mut first = String::new();
    stdin.lock().read_line(&mut first)?;
    let mut rest = Vec::new();
    stdin.lock().read_to_end(&mut rest)?;
    println!("{arguments:?} {first:?} {} {:?}", rest.len(), std::env::var("HOME"));
    collections();
    strings();
    floats();
    language();
    println!("{}", std::fs::read("/no/such/file").is_err());
    io::stdout().flush()?;
    std::process::exit(7)
}
