# The sqlite3 shell: one large program with an interpreter loop, many indirect calls, and 64-bit arithmetic.
sqlite_sources() {
  fetch_source sqlite3 3.40.1 sqlite3_3.40.1.orig.tar.xz \
    aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655
  if [ ! -e "$source_dir/build/shell.c" ]; then
    mkdir -p "$source_dir/build"
    (cd "$source_dir/build" && CC=clang-22 ../configure --disable-shared --disable-readline >/dev/null &&
      make sqlite3.c shell.c >/dev/null) || die "configuring sqlite3 failed"
  fi
}

sqlite_build() { # KIND OUTPUT
  local flags=(-DSQLITE_THREADSAFE=0
    -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL '-DSQLITE_DEFAULT_UNIX_VFS="unix-none"'
    -DSQLITE_OMIT_POPEN=1 -DSQLITE_NOHAVE_SYSTEM)
  local libraries=()
  [ "$1" = native ] && libraries=(-lm)
  cd "$source_dir/build" && compile "$1" "${flags[@]}" -- sqlite3.c shell.c && link "$1" "$2" "${libraries[@]}"
}

# A script of 1,600 statements: schema, inserts, updates, transactions, views, recursion, text, numbers, and errors.
sqlite_inputs() { # DIRECTORY
  awk 'BEGIN {
    print "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, stock INTEGER, tag TEXT);"
    print "CREATE TABLE sale(id INTEGER PRIMARY KEY, item INTEGER REFERENCES item(id), count INTEGER, day TEXT);"
    print "CREATE INDEX sale_item ON sale(item, day);"
    print "CREATE VIEW totals AS SELECT item.name AS name, sum(count) AS sold, round(sum(count * price), 4) AS " \
      "revenue FROM sale JOIN item ON item.id = sale.item GROUP BY item.id;"
    seed = 12345
    for (i = 1; i <= 500; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      printf "INSERT INTO item VALUES(%d, \047item-%05d \303\251\047, %d.%02d, %d, \047%s\047);\n",
        i, seed % 99991, seed % 500, seed % 97, seed % 1000, substr("redgreenblue", 1 + seed % 9, 4)
    }
    print "BEGIN;"
    for (i = 1; i <= 700; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      printf "INSERT INTO sale(item, count, day) VALUES(%d, %d, date(\0472020-01-01\047, \047+%d days\047));\n",
        1 + seed % 500, 1 + seed % 20, seed % 1000
    }
    print "COMMIT;"
    for (i = 1; i <= 150; ++i) {
      seed = (seed * 1103515245 + 12345) % 2147483648
      printf "UPDATE item SET stock = stock + %d, price = price * 1.0%d WHERE id %% %d = %d;\n",
        seed % 7, seed % 9, 3 + seed % 11, seed % 3
      printf "SELECT id, name, printf(\047%%.6f\047, price), hex(tag) FROM item WHERE id BETWEEN %d AND " \
        "%d ORDER BY price DESC LIMIT 3;\n",
        i, i + 40
    }
    print "SELECT * FROM totals ORDER BY revenue DESC, name LIMIT 40;"
    print "SELECT strftime(\047%Y-%m\047, day) AS month, count(*), sum(count), avg(count) FROM sale GROUP BY month " \
      "ORDER BY month;"
    print "WITH RECURSIVE n(i, f, g) AS (SELECT 1, 1, 1 UNION ALL SELECT i + 1, g, f + g FROM n WHERE i < 85) " \
      "SELECT i, f FROM n;"
    print "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200000) SELECT sum(x * x % " \
      "1013), max(x), total(x / 7.0) FROM c;"
    print "SELECT count(*), sum(a.count * b.count) FROM sale a JOIN sale b ON a.day = b.day;"
    print "SELECT name, rank() OVER (ORDER BY stock DESC), sum(stock) OVER (ORDER BY id ROWS 3 PRECEDING) FROM " \
      "item LIMIT 30;"
    print "SELECT 9223372036854775807 + 0, -9223372036854775808, 9223372036854775807 + 1, 1e308 * 10, 0.1 + 0.2, 7 " \
      "/ 2, -7 % 3, 1 << 40;"
    print "SELECT upper(name), length(name), substr(name, 2, 5), replace(name, \047item\047, \047thing\047), " \
      "instr(name, \0470\047), quote(name) FROM item WHERE name LIKE \047%77%\047;"
    print "SELECT json_group_array(json_object(\047id\047, id, \047price\047, price)) FROM item WHERE id < 20;"
    print "SELECT no_such_column FROM item;"
    print "INSERT INTO item(id, name) VALUES(1, \047duplicate\047);"
    print "CREATE TRIGGER gone AFTER DELETE ON item BEGIN DELETE FROM sale WHERE item = old.id; END;"
    print "DELETE FROM item WHERE stock < 300;"
    print "SELECT count(*) FROM sale;"
    print "VACUUM;"
    print "PRAGMA integrity_check;"
    print ".mode column\nSELECT id, name, stock FROM item ORDER BY stock, id LIMIT 10;"
    print ".dump sale"
  }' >"$1/script.sql"
}

sqlite_case_script() { # INPUTS COMMAND...
  local inputs=$1
  shift
  "$@" -batch :memory: <"$inputs/script.sql" 2>&1
}
