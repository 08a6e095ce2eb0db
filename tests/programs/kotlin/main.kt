// Kotlin's standard library on managed memory: collections, strings, sorting, sequences, exceptions, generics, closures, boxed numbers.
sealed class Shape(val name: String) {
    abstract fun area(): Double
}

class Circle(val radius: Double) : Shape("circle") {
    override fun area() = 3.0 * radius * radius
}

open class Box(val width: Int, val height: Int, name: String = "box") : Shape(name) {
    override fun area() = (width * height).toDouble()
}

class Square(side: Int) : Box(side, side, "square")

data class Point(val x: Int, val y: Int) : Comparable<Point> {
    override fun compareTo(other: Point) = compareValuesBy(this, other, { it.x * it.x + it.y * it.y }, { it.x })
}

class Tree<T : Comparable<T>> {
    private class Node<T>(val value: T, var left: Node<T>? = null, var right: Node<T>? = null)

    private var root: Node<T>? = null

    fun add(value: T): Boolean {
        var node = root ?: run { root = Node(value); return true }
        while (true) {
            val order = value.compareTo(node.value)
            node = when {
                order == 0 -> return false
                order < 0 -> node.left ?: run { node.left = Node(value); return true }
                else -> node.right ?: run { node.right = Node(value); return true }
            }
        }
    }

    fun toList(): List<T> = buildList { visit(root, ::add) }

    private fun visit(node: Node<T>?, action: (T) -> Unit) {
        if (node == null) return
        visit(node.left, action)
        action(node.value)
        visit(node.right, action)
    }
}

class Random(private var state: Long) {
    fun below(bound: Int): Int {
        state = state * 6364136223846793005L + 1442695040888963407L
        return ((state ushr 33) % bound).toInt()
    }
}

fun shapes(random: Random) {
    val shapes = List(3000) {
        when (random.below(3)) {
            0 -> Circle(random.below(100).toDouble())
            1 -> Box(random.below(100), random.below(100))
            else -> Square(random.below(100))
        }
    }
    println(shapes.groupBy { it.name }.mapValues { (_, list) -> list.sumOf { it.area() } }.toList().sortedBy { it.first })
    println(shapes.count { it is Box } to shapes.filterIsInstance<Square>().maxOf { it.width })
}

fun words(random: Random) {
    val counts = LinkedHashMap<String, Int>()
    for (i in 0 until 20000) {
        val word = buildString { repeat(1 + random.below(3)) { append('a' + random.below(26)) } }
        counts[word] = (counts[word] ?: 0) + i % 7
    }
    for (key in counts.keys.filter { it.first() in "aeiou" }) counts.remove(key)
    println(counts.size)
    println(counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).take(5).joinToString { "${it.key}=${it.value}" })
    val text = counts.keys.joinToString(" ")
    println(text.split(" ").map { it.reversed().uppercase() }.sorted().chunked(500).map { it.first() + it.last() })
    println(text.hashCode())
}

fun points(random: Random) {
    val tree = Tree<Point>()
    var added = 0
    repeat(5000) { if (tree.add(Point(random.below(60), random.below(60)))) added++ }
    val list = tree.toList()
    println("$added ${list.size} ${list.zipWithNext().all { (a, b) -> a < b }} ${list.take(4)}")
    println(list.shuffledBy(random).sorted() == list)
    println(list.toHashSet().containsAll(list.map { it.copy() }))
}

fun <T> List<T>.shuffledBy(random: Random): List<T> =
    toMutableList().also { for (i in it.lastIndex downTo 1) it[i] = it.set(random.below(i + 1), it[i]) }

class Refused(message: String, cause: Throwable?) : RuntimeException(message, cause)

fun refuse(depth: Int): Int = if (depth == 0) throw IllegalStateException("bottom") else try {
    refuse(depth - 1) + 1
} catch (e: IllegalStateException) {
    if (depth % 3 == 0) throw Refused("at $depth", e) else throw e
}

fun exceptions() {
    var finals = 0
    val results = (0 until 2000).map { turn ->
        try {
            refuse(turn % 7)
        } catch (e: Refused) {
            e.message + e.cause?.message
        } catch (e: IllegalStateException) {
            e.message
        } finally {
            finals++
        }
    }
    println(results.groupingBy { it }.eachCount().toList().sortedBy { it.first.toString() })
    println(finals)
    println(runCatching { listOf(1, 2, 3).first { it > 5 } }.isFailure to runCatching { (shapeOrNull() as Any?) as Circle }.isFailure)
    println(runCatching { "12x".toInt() }.exceptionOrNull() is NumberFormatException)
}

fun shapeOrNull(): Shape? = Square(1)

fun main() {
    val random = Random(42)
    shapes(random)
    words(random)
    points(random)
    exceptions()
    println(generateSequence(1L) { it * 3 }.takeWhile { it < Long.MAX_VALUE / 3 }.map { it xor (it ushr 7) }.fold(0L, Long::plus))
    val boxed: List<Any> = List(2000) { if (it % 2 == 0) it.toLong() * Int.MAX_VALUE else it.toString() }
    println(boxed.sumOf { if (it is Long) it else (it as String).length.toLong() })
    println((1..30).runningFold(1L to 1L) { (a, b), _ -> b to a + b }.map { it.first })
}
