/* A Raft in C as a guest of squall: one file, the standard library, no operating system (docs/guest-abi.md).
 *
 *     guests/build c
 *     squall fuzz --guest target/guests/c.wasm
 *
 * It is Figure 2 of the Raft paper: elections, replication, and the no-op with which a leader begins its term (section 8). Commands, sessions
 * and the state machine are squall's; the log holds their 29 bytes as they come. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 25, CONTENT = 29, ENTRIES_MAX = 64, TIMER = 0 };
enum role { FOLLOWER, CANDIDATE, LEADER };
/* Inputs. */
enum { DESCRIBE, BOOT, RECEIVE, REQUEST, FIRED = 6, DURABLE, WRITE_FAILED, APPLIED };
/* Records of an output. */
enum { SEND = 1, SAVE_VOTE, APPEND, TRUNCATE, SET_TIMER = 10, APPLY = 12, REPLY = 14, STOP, STATUS, DESCRIPTION };
/* Messages, by the numbers of their summaries. */
enum { REQUEST_VOTE, VOTE, APPEND_ENTRIES, APPENDED, CONFLICT };

static const char ABOUT[] =
    "{\"abi\":\"squall-guest/1\",\"name\":\"c\",\"version\":\"1\",\"lacks\":[\"pre-vote\",\"check-quorum\",\"vote-lease\",\"priorities\","
    "\"transfer\",\"forwarding\",\"pipelining\",\"batching\",\"disk-first\",\"byte-window\",\"snapshots\",\"single-change\","
    "\"joint-consensus\",\"learners\",\"read-index\",\"lease-reads\",\"follower-reads\"]}";

struct entry {
    uint64_t term;
    uint8_t content[CONTENT];
    /* The write that brings it to the disk. It does not travel. */
    uint64_t write;
    /* Whether a client waits for it here. */
    bool pending;
};

/* One server for one life. The log begins at index 1, in place 0. */
static struct {
    uint32_t id, peers[NODES_MAX], count, majority, vote, leader;
    /* A bit for each node that voted for this one. */
    uint32_t votes;
    uint64_t term, now, election[2], heartbeat[2], commit, applied, write, durable;
    uint64_t next[NODES_MAX + 1], match[NODES_MAX + 1];
    enum role role;
    struct entry *log;
    uint64_t len, room;
} raft;

/* ---- bytes ---- */

struct bytes {
    uint8_t *data;
    size_t len, room;
};

static struct bytes input, output, message;

static void *grow(struct bytes *bytes, size_t more) {
    if (bytes->len + more > bytes->room) {
        bytes->room = 2 * (bytes->len + more);
        bytes->data = realloc(bytes->data, bytes->room);
        if (bytes->data == NULL) abort();
    }
    uint8_t *place = bytes->data + bytes->len;
    bytes->len += more;
    return place;
}

static void put(struct bytes *to, const void *from, size_t len) { memcpy(grow(to, len), from, len); }
static void put8(struct bytes *to, uint8_t value) { put(to, &value, 1); }
static void put32(struct bytes *to, uint32_t value) { put(to, &value, 4); }
static void put64(struct bytes *to, uint64_t value) { put(to, &value, 8); }

/* What is left of an input. WebAssembly is little-endian, as frames are. */
struct reader {
    const uint8_t *at, *end;
};

static const uint8_t *take(struct reader *from, size_t len) {
    if ((size_t)(from->end - from->at) < len) abort();
    const uint8_t *place = from->at;
    from->at += len;
    return place;
}

static uint8_t get8(struct reader *from) { return *take(from, 1); }

static uint32_t get32(struct reader *from) {
    uint32_t value;
    memcpy(&value, take(from, 4), 4);
    return value;
}

static uint64_t get64(struct reader *from) {
    uint64_t value;
    memcpy(&value, take(from, 8), 8);
    return value;
}

/* ---- records ---- */

static size_t begin(uint8_t kind) {
    put8(&output, kind);
    put32(&output, 0);
    return output.len;
}

static void end(size_t begun) {
    uint32_t len = output.len - begun;
    memcpy(output.data + begun - 4, &len, 4);
}

static void set_timer(const uint64_t range[2]) {
    /* wasi-libc's arc4random is random_get: a word of the node's own stream. */
    uint64_t word;
    arc4random_buf(&word, sizeof word);
    size_t record = begin(SET_TIMER);
    put32(&output, TIMER);
    put64(&output, raft.now + range[0] + word % (range[1] - range[0] + 1));
    end(record);
}

static void save_vote(void) {
    size_t record = begin(SAVE_VOTE);
    put64(&output, ++raft.write);
    put64(&output, raft.term);
    put32(&output, raft.vote);
    end(record);
}

static void append(const struct entry *entries, uint32_t count) {
    size_t record = begin(APPEND);
    put64(&output, ++raft.write);
    put64(&output, raft.len + 1);
    put32(&output, count);
    if (raft.len + count > raft.room) {
        raft.room = 2 * (raft.len + count);
        raft.log = realloc(raft.log, raft.room * sizeof *raft.log);
        if (raft.log == NULL) abort();
    }
    for (uint32_t place = 0; place < count; place++) {
        struct entry *entry = &raft.log[raft.len++];
        *entry = entries[place];
        entry->write = raft.write;
        put64(&output, entry->term);
        put(&output, entry->content, CONTENT);
    }
    end(record);
}

static uint64_t term_at(uint64_t index) { return index == 0 ? 0 : raft.log[index - 1].term; }

/* Sends what stands in `message`, with a summary for oracles and traces, once a write is durable. */
static void send(uint32_t to, uint64_t after, uint8_t kind, const struct bytes *fields) {
    size_t record = begin(SEND);
    put32(&output, to);
    put64(&output, after);
    put8(&output, 0);
    put32(&output, 1 + fields->len);
    put8(&output, kind);
    put(&output, fields->data, fields->len);
    put8(&output, kind);
    put64(&output, raft.term);
    put(&output, message.data, message.len);
    end(record);
}

static struct bytes summary;

static void say(void) {
    message.len = summary.len = 0;
    put64(&summary, raft.term);
}

/* ---- elections (5.2) ---- */

static void enter(uint64_t term, uint32_t vote) {
    raft.term = term;
    raft.vote = vote;
    raft.role = FOLLOWER;
    raft.leader = 0;
    for (uint64_t place = 0; place < raft.len; place++) raft.log[place].pending = false;
    save_vote();
}

static void send_to(uint32_t peer) {
    uint64_t prev = raft.next[peer] - 1, count = raft.len - prev;
    if (count > ENTRIES_MAX) count = ENTRIES_MAX;
    say();
    put64(&summary, prev);
    put64(&summary, term_at(prev));
    put32(&summary, count);
    put64(&summary, raft.commit);
    put64(&message, prev);
    put64(&message, term_at(prev));
    put64(&message, raft.commit);
    put32(&message, count);
    for (uint64_t place = prev; place < prev + count; place++) {
        put64(&message, raft.log[place].term);
        put(&message, raft.log[place].content, CONTENT);
    }
    send(peer, 0, APPEND_ENTRIES, &summary);
}

static void send_to_all(void) {
    for (uint32_t place = 0; place < raft.count; place++) send_to(raft.peers[place]);
}

static void lead(void) {
    struct entry noop = {.term = raft.term};
    raft.role = LEADER;
    raft.leader = raft.id;
    for (uint32_t node = 0; node <= NODES_MAX; node++) {
        raft.next[node] = raft.len + 1;
        raft.match[node] = 0;
    }
    append(&noop, 1);
    send_to_all();
    set_timer(raft.heartbeat);
}

static void stand(void) {
    enter(raft.term + 1, raft.id);
    raft.role = CANDIDATE;
    raft.votes = 1u << raft.id;
    set_timer(raft.election);
    for (uint32_t place = 0; place < raft.count; place++) {
        say();
        put64(&summary, raft.len);
        put64(&summary, term_at(raft.len));
        put8(&summary, 0);
        put64(&message, term_at(raft.len));
        put64(&message, raft.len);
        /* To ask for votes is to have voted for oneself. */
        send(raft.peers[place], raft.write, REQUEST_VOTE, &summary);
    }
    if (raft.majority == 1) lead();
}

static void vote_for(uint32_t candidate, uint64_t term, struct reader *from) {
    uint64_t last_term = get64(from), last = get64(from), own = term_at(raft.len);
    bool recent = last_term > own || (last_term == own && last >= raft.len);
    bool granted = term == raft.term && (raft.vote == 0 || raft.vote == candidate) && recent;
    if (granted) {
        raft.vote = candidate;
        save_vote();
        set_timer(raft.election);
    }
    say();
    put8(&summary, granted);
    put8(&message, granted);
    send(candidate, raft.write, VOTE, &summary);
}

/* ---- replication (5.3) ---- */

static void apply(void) {
    while (raft.applied < raft.commit) {
        const struct entry *entry = &raft.log[raft.applied++];
        size_t record = begin(APPLY);
        put64(&output, raft.applied);
        put64(&output, entry->term);
        put(&output, entry->content, CONTENT);
        put8(&output, entry->pending);
        end(record);
    }
}

/* What a majority has on its disks is committed, if it is of the own term (5.4). */
static void advance(void) {
    for (uint64_t index = raft.len; index > raft.commit && term_at(index) == raft.term; index--) {
        uint32_t copies = raft.log[index - 1].write <= raft.durable;
        for (uint32_t place = 0; place < raft.count; place++) copies += raft.match[raft.peers[place]] >= index;
        if (copies >= raft.majority) {
            raft.commit = index;
            apply();
            return;
        }
    }
}

static void refuse(uint32_t leader, uint64_t rejected, uint64_t hint) {
    say();
    put64(&summary, rejected);
    put64(&summary, 0);
    put64(&summary, hint);
    put64(&message, rejected);
    put64(&message, hint);
    send(leader, raft.write, CONFLICT, &summary);
}

static void accept(uint32_t leader, uint64_t term, struct reader *from) {
    uint64_t prev = get64(from), prev_term = get64(from), commit = get64(from);
    uint32_t count = get32(from);
    if (term < raft.term) {
        refuse(leader, 0, 0);
        return;
    }
    raft.role = FOLLOWER;
    raft.leader = leader;
    set_timer(raft.election);
    if (prev > raft.len || term_at(prev) != prev_term) {
        refuse(leader, prev, prev < raft.len + 1 ? prev : raft.len + 1);
        return;
    }
    struct entry entries[ENTRIES_MAX] = {0};
    if (count > ENTRIES_MAX) abort();
    uint32_t known = 0;
    for (uint32_t place = 0; place < count; place++) {
        entries[place].term = get64(from);
        memcpy(entries[place].content, take(from, CONTENT), CONTENT);
        if (known == place && prev + place < raft.len && term_at(prev + place + 1) == entries[place].term) known++;
    }
    if (known < count) {
        if (prev + known < raft.len) {
            size_t record = begin(TRUNCATE);
            put64(&output, ++raft.write);
            put64(&output, prev + known + 1);
            end(record);
            raft.len = prev + known;
        }
        append(entries + known, count - known);
    }
    uint64_t last = prev + count;
    if (commit > last) commit = last;
    if (commit > raft.commit) raft.commit = commit;
    say();
    put64(&summary, last);
    put64(&message, last);
    send(leader, raft.write, APPENDED, &summary);
    apply();
}

static void accepted(uint32_t from, uint64_t index) {
    if (index <= raft.match[from]) return;
    raft.match[from] = index;
    raft.next[from] = index + 1;
    advance();
    if (index < raft.len) send_to(from);
}

static void refused(uint32_t from, uint64_t rejected, uint64_t hint) {
    if (rejected != raft.next[from] - 1 || rejected <= raft.match[from]) return;
    uint64_t next = hint < rejected ? hint : rejected;
    raft.next[from] = next > raft.match[from] ? next : raft.match[from] + 1;
    send_to(from);
}

/* ---- inputs ---- */

static void receive(uint32_t sender, struct reader *from) {
    uint8_t kind = get8(from);
    uint64_t term = get64(from);
    if (term > raft.term) {
        bool led = raft.role == LEADER;
        enter(term, 0);
        if (led) set_timer(raft.election);
    }
    bool current = term == raft.term;
    if (kind == REQUEST_VOTE) {
        vote_for(sender, term, from);
    } else if (kind == APPEND_ENTRIES) {
        accept(sender, term, from);
    } else if (kind == VOTE && current && raft.role == CANDIDATE && get8(from)) {
        raft.votes |= 1u << sender;
        if ((uint32_t)__builtin_popcount(raft.votes) >= raft.majority) lead();
    } else if (kind == APPENDED && current && raft.role == LEADER) {
        accepted(sender, get64(from));
    } else if (kind == CONFLICT && current && raft.role == LEADER) {
        uint64_t rejected = get64(from), hint = get64(from);
        refused(sender, rejected, hint);
    }
}

static void request(const uint8_t *content) {
    if (raft.role != LEADER) {
        size_t record = begin(REPLY);
        put(&output, content + 1, 16);
        put8(&output, 0);
        put32(&output, raft.leader);
        end(record);
        return;
    }
    struct entry entry = {.term = raft.term, .pending = true};
    memcpy(entry.content, content, CONTENT);
    append(&entry, 1);
    send_to_all();
    advance();
}

static void boot(struct reader *from) {
    /* The seed is for processes. */
    take(from, 32);
    raft.id = get32(from);
    get32(from);
    uint32_t voters = get32(from);
    for (uint32_t node = 1; node <= NODES_MAX; node++) {
        if ((voters >> (node - 1) & 1) && node != raft.id) raft.peers[raft.count++] = node;
    }
    raft.majority = (raft.count + 1) / 2 + 1;
    for (int place = 0; place < 2; place++) raft.election[place] = get64(from);
    for (int place = 0; place < 2; place++) raft.heartbeat[place] = get64(from);
    /* The other options of the scenario are for features that this Raft lacks. */
    take(from, 4 + 4 + 8 + 8 + 8 + 8 + 8 + 4 + 4 + 1 + 5);
    if (get8(from)) take(from, 8);
    take(from, get32(from));
    raft.term = get64(from);
    raft.vote = get32(from);
    raft.commit = raft.applied = get64(from);
    if (get8(from)) abort();
    take(from, 16);
    uint32_t count = get32(from);
    raft.room = raft.len = count;
    raft.log = calloc(count + 1, sizeof *raft.log);
    if (raft.log == NULL) abort();
    for (uint32_t place = 0; place < count; place++) {
        raft.log[place].term = get64(from);
        memcpy(raft.log[place].content, take(from, CONTENT), CONTENT);
    }
    set_timer(raft.election);
}

static void applied(struct reader *from) {
    uint64_t index = get64(from);
    struct entry *entry = &raft.log[index - 1];
    if (!entry->pending) return;
    entry->pending = false;
    size_t record = begin(REPLY);
    put(&output, entry->content + 1, 16);
    put8(&output, 1);
    put(&output, from->at, from->end - from->at);
    end(record);
}

static void status(void) {
    size_t record = begin(STATUS);
    put64(&output, raft.term);
    put8(&output, raft.role);
    put32(&output, raft.leader);
    put64(&output, raft.commit);
    put64(&output, raft.applied);
    put32(&output, 0);
    put32(&output, 0);
    end(record);
}

static void take_input(struct reader *from) {
    raft.now = get64(from);
    get64(from);
    switch (get8(from)) {
    case DESCRIBE: {
        size_t record = begin(DESCRIPTION);
        put(&output, ABOUT, sizeof ABOUT - 1);
        end(record);
        return;
    }
    case BOOT: boot(from); break;
    case RECEIVE: {
        uint32_t sender = get32(from);
        if (get8(from)) abort();
        get32(from);
        receive(sender, from);
        break;
    }
    case REQUEST: request(take(from, CONTENT)); break;
    case FIRED:
        if (raft.role == LEADER) {
            send_to_all();
            set_timer(raft.heartbeat);
        } else {
            stand();
        }
        break;
    case DURABLE:
        raft.durable = get64(from);
        if (raft.role == LEADER) advance();
        break;
    case WRITE_FAILED: end(begin(STOP)); break;
    case APPLIED: applied(from); break;
    default: break;
    }
    status();
}

/* ---- what a module exports ---- */

__attribute__((export_name("buf"))) uint8_t *buf(uint32_t len) {
    input.len = 0;
    return grow(&input, len);
}

__attribute__((export_name("step"))) uint64_t step(uint32_t len) {
    struct reader from = {input.data, input.data + len};
    output.len = 0;
    take_input(&from);
    return (uint64_t)(uintptr_t)output.data << 32 | output.len;
}
