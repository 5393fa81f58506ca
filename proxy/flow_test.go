package proxy_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"
)

// heapWhile returns the largest heap seen while f runs, over what was there before.
func heapWhile(f func()) uint64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	most := before.HeapAlloc
	for {
		select {
		case <-done:
			return most - before.HeapAlloc
		case <-time.After(5 * time.Millisecond):
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
}

// TestHugeRow: a row of 512 MiB passes in constant memory; nothing of it is held.
func TestHugeRow(t *testing.T) {
	const megabytes = 512
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	var got int64
	grown := heapWhile(func() {
		client.run("Q SELECT repeat(repeat('x', 1024), 1024 * 512), 'end'")
		client.run("send")
		buf := make([]byte, 256<<10)
		tail := make([]byte, 0, 6)
		_ = client.conn.SetReadDeadline(time.Now().Add(time.Minute))
		for !bytes.Equal(tail, []byte{'Z', 0, 0, 0, 5, 'I'}) {
			n, err := client.conn.Read(buf)
			if err != nil {
				t.Error(err)
				return
			}
			got += int64(n)
			tail = append(tail, buf[max(0, n-6):n]...)
			tail = tail[max(0, len(tail)-6):]
		}
	})
	if got < megabytes<<20 || got > megabytes<<20+1000 {
		t.Errorf("%d bytes came", got)
	}
	if grown > 8<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// TestHugeBind: a value of 64 MiB is streamed to the warehouse in constant memory, with messages before and after it in
// one pipeline.
func TestHugeBind(t *testing.T) {
	const size = 64 << 20
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("P s|SELECT length($1::text)|")
	client.run("B |s|abc")
	client.run("E |0")
	client.flush()
	grown := heapWhile(func() {
		head := []byte{'B'}
		head = binary.BigEndian.AppendUint32(head, uint32(4+1+2+2+2+4+size+2))
		head = append(head, 0, 's', 0, 0, 0, 0, 1)
		head = binary.BigEndian.AppendUint32(head, size)
		client.write(head)
		chunk := bytes.Repeat([]byte("y"), 64<<10)
		for range size / len(chunk) {
			client.write(chunk)
		}
		client.write([]byte{0, 0})
		client.run("E |0")
		client.run("S")
		client.flush()
		client.until("Z")
	})
	var rows []string
	for _, m := range client.transcript {
		if m[0] == 'D' {
			rows = append(rows, m)
		}
	}
	if len(rows) != 2 || !strings.HasSuffix(rows[1], "3637313038383634") { // 67108864 in ASCII
		t.Error(client.transcript)
	}
	if grown > 8<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// TestLargeTexts: texts and values around the sizes of the buffers, in pieces and pipelined.
func TestLargeTexts(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, size := range []int{1, 1000, 9_900, 16 << 10, 16<<10 - 40, 32<<10 - 30, 32 << 10, 33 << 10, 100 << 10, 1 << 20} {
		text := strings.Repeat("z", size)
		client.transcript = nil
		client.run("Q SELECT length('" + text + "')")
		client.run("P |SELECT length('" + text + "')|")
		client.run("B ||")
		client.run("E |0")
		client.run("P |SELECT length($1::text)|")
		client.run("B ||" + text)
		client.run("E |0")
		client.run("B ||" + text)
		client.run("E |0")
		client.run("S")
		client.flush()
		client.until("Z", "Z")
		n := 0
		for _, m := range client.transcript {
			if m[0] == 'D' {
				n++
			}
			if m[0] == 'E' {
				t.Error(size, m)
			}
		}
		if n != 4 {
			t.Errorf("size %d: %d rows", size, n)
		}
	}
}

// TestSlowReader: a client that pipelines much and reads late gets everything; nobody waits for anybody for ever.
func TestSlowReader(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("P s|SELECT repeat('a', 1000) FROM generate_series(1, $1::int)|")
	const statements = 500
	for range statements {
		client.run("B |s|40")
		client.run("E |0")
	}
	client.run("S")
	sent := make(chan error, 1)
	go func() {
		_, err := client.conn.Write(client.out)
		sent <- err
	}()
	time.Sleep(time.Second)
	rows, ends := 0, 0
	for {
		kind, _, err := client.read(20 * time.Second)
		if err != nil {
			t.Fatal(rows, ends, err)
		}
		switch kind {
		case 'D':
			rows++
		case 'C':
			ends++
		}
		if kind == 'Z' {
			break
		}
	}
	if err := <-sent; err != nil || rows != statements*40 || ends != statements {
		t.Error(err, rows, ends)
	}
}

// TestWriteTimeout: a client that does not read is cut off where that is wanted.
func TestWriteTimeout(t *testing.T) {
	w := newWorld(t)
	w.config.WriteTimeout = 300 * time.Millisecond
	w.start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("Q SELECT repeat('x', 10000) FROM generate_series(1, 100000)")
	client.run("send")
	eventually(t, "the session ends", func() bool { return w.running(t) == "0" && len(w.log.of("disconnect")) == 1 })
}

// TestByteByByte: messages in the smallest pieces that a network can make.
func TestByteByByte(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	for _, line := range []string{"P s|SELECT $1::int + 1|", "B |s|41", "D P ", "E |0", "S", "Q SELECT 1"} {
		client.run(line)
	}
	for _, b := range client.out {
		client.write([]byte{b})
		time.Sleep(100 * time.Microsecond)
	}
	client.out = nil
	client.until("Z", "Z")
	if got := strings.Join(client.transcript, " "); !strings.Contains(got, "3432") || strings.Contains(got, "E ") {
		t.Error(got)
	}
}

// TestTerminate: X ends the session, also behind statements that were not waited for.
func TestTerminate(t *testing.T) {
	w := newWorld(t).start(t)
	client := dialWire(t, w.url("ann", ""))
	client.run("Q SELECT 1")
	client.message('X')
	client.flush()
	client.until("Z")
	client.closed()
	eventually(t, "the upstream session ends", func() bool {
		return w.admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'postern:%' AND datname = current_database()") == "0"
	})
}
