#!/usr/bin/env python3
"""A Raft in Python as a guest of squall: one file, the standard library, frames over pipes (docs/guest-abi.md).

    squall fuzz --guest 'cmd: python3 guests/python/raft.py'

It is Figure 2 of the Raft paper: elections, replication, and the no-op with which a leader begins its term (section 8). Commands, sessions
and the state machine are squall's; the log holds their 29 bytes as they come.
"""

import json
import random
import struct
import sys

NOBODY = 0
FOLLOWER, CANDIDATE, LEADER = range(3)
# Kinds of records of an output, and of summaries of messages.
SEND, SAVE_VOTE, APPEND, TRUNCATE, SET_TIMER, APPLY, REPLY, STOP, STATUS, DESCRIPTION = 1, 2, 3, 4, 10, 12, 14, 15, 16, 17
REQUEST_VOTE, VOTE, APPEND_ENTRIES, APPENDED, CONFLICT = range(5)
ENTRIES_MAX = 64
NOOP = bytes(29)
LACKS = """pre-vote check-quorum vote-lease priorities transfer forwarding pipelining batching disk-first byte-window snapshots single-change
joint-consensus learners read-index lease-reads follower-reads""".split()


class Reader:
    """What is left of an input."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def entry(self):
        return self.take("Q"), self.bytes(29)

    def entries(self):
        return [self.entry() for _ in range(self.take("I"))]


class Raft:
    """One server for one life. An entry is a pair of its term and its content; the first of the log has index 1."""

    def __init__(self):
        self.out = bytearray()
        self.term, self.vote, self.role, self.leader = 1, NOBODY, FOLLOWER, NOBODY
        self.log, self.commit, self.applied = [], 0, 0
        self.write, self.durable = 0, 0
        # The write that brought each entry to the disk.
        self.written = []
        self.pending = {}

    def record(self, kind, form="", *values, rest=b""):
        body = struct.pack("<" + form, *values) + rest
        self.out += struct.pack("<BI", kind, len(body)) + body

    def step(self, data):
        self.out.clear()
        reader = Reader(data)
        self.now, _steady, kind = reader.take("QQB")
        if kind == 0:
            about = {"abi": "squall-guest/1", "name": "python", "version": "1", "lacks": LACKS}
            self.record(DESCRIPTION, rest=json.dumps(about).encode())
            return
        if kind == 1:
            self.boot(reader)
        elif kind == 2:
            sender, _snapshot = reader.take("I?")
            self.receive(sender, Reader(reader.bytes(reader.take("I"))))
        elif kind == 3:
            self.request(reader.bytes(29))
        elif kind == 6:
            self.send_entries() if self.role == LEADER else self.stand()
        elif kind == 7:
            self.durable = reader.take("Q")
            if self.role == LEADER:
                self.advance()
        elif kind == 8:
            self.record(STOP)
        elif kind == 9:
            index, output = reader.take("Q"), data[reader.at :]
            if index in self.pending:
                self.record(REPLY, rest=self.pending.pop(index) + b"\x01" + output)
        self.record(STATUS, "QBIQQII", self.term, self.role, self.leader, self.commit, self.applied, NOBODY, 0)

    def boot(self, reader):
        self.random = random.Random(reader.bytes(32))
        self.id, _nodes, voters = reader.take("III")
        self.peers = [node for node in range(1, 26) if voters >> node - 1 & 1 and node != self.id]
        self.majority = (len(self.peers) + 1) // 2 + 1
        self.election, self.heartbeat = reader.take("QQ"), reader.take("QQ")
        # The other options of the scenario are for features that this Raft lacks.
        reader.bytes(4 + 4 + 8 + 8 + 8 + 8 + 8 + 4 + 4 + 1 + 5)
        if reader.take("?"):
            reader.take("II")
        reader.bytes(reader.take("I"))
        self.term, self.vote, self.applied, _snapshot = reader.take("QIQ?")
        self.commit = self.applied
        reader.take("QQ")
        self.log = reader.entries()
        self.written = [0] * len(self.log)
        self.wait(self.election)

    def wait(self, span):
        self.record(SET_TIMER, "IQ", 0, self.now + self.random.randint(*span))

    def last(self):
        """Term and index of the last entry, as logs are compared (5.4.1)."""
        return self.term_at(len(self.log)), len(self.log)

    def term_at(self, index):
        return self.log[index - 1][0] if index else 0

    def send(self, to, after, summary, message):
        kind, fields = summary
        message = struct.pack("<BQ", kind, self.term) + message
        summary = bytes([kind]) + fields
        self.record(SEND, "IQ?I", to, after, False, len(summary), rest=summary + message)

    def save_vote(self):
        self.write += 1
        self.record(SAVE_VOTE, "QQI", self.write, self.term, self.vote)

    def enter(self, term, vote=NOBODY):
        self.term, self.vote, self.role, self.leader = term, vote, FOLLOWER, NOBODY
        self.pending = {}
        self.save_vote()

    def append(self, entries):
        self.write += 1
        first = len(self.log) + 1
        self.log += entries
        self.written += [self.write] * len(entries)
        body = b"".join(struct.pack("<Q", term) + content for term, content in entries)
        self.record(APPEND, "QQI", self.write, first, len(entries), rest=body)

    def stand(self):
        """On conversion to candidate, and when an election ends without a leader (5.2)."""
        self.enter(self.term + 1, self.id)
        self.role, self.votes = CANDIDATE, {self.id}
        self.wait(self.election)
        term, index = self.last()
        for peer in self.peers:
            summary = [REQUEST_VOTE, struct.pack("<QQQ?", self.term, index, term, False)]
            # To ask for votes is to have voted for oneself.
            self.send(peer, self.write, summary, struct.pack("<QQ", term, index))
        if self.majority == 1:
            self.lead()

    def lead(self):
        self.role, self.leader = LEADER, self.id
        self.next = {peer: len(self.log) + 1 for peer in self.peers}
        self.match = dict.fromkeys(self.peers, 0)
        self.append([(self.term, NOOP)])
        self.send_entries()

    def send_entries(self):
        for peer in self.peers:
            self.send_to(peer)
        self.wait(self.heartbeat)

    def send_to(self, peer):
        prev = self.next[peer] - 1
        entries = self.log[prev : prev + ENTRIES_MAX]
        summary = struct.pack("<QQQIQ", self.term, prev, self.term_at(prev), len(entries), self.commit)
        body = b"".join(struct.pack("<Q", term) + content for term, content in entries)
        head = struct.pack("<QQQI", prev, self.term_at(prev), self.commit, len(entries))
        self.send(peer, 0, [APPEND_ENTRIES, summary], head + body)

    def request(self, content):
        if self.role != LEADER:
            self.record(REPLY, rest=content[1:17] + struct.pack("<?I", False, self.leader))
            return
        self.append([(self.term, content)])
        self.pending[len(self.log)] = content[1:17]
        for peer in self.peers:
            self.send_to(peer)
        self.advance()

    def receive(self, sender, message):
        kind, term = message.take("BQ")
        if term > self.term:
            was_leader = self.role == LEADER
            self.enter(term)
            if was_leader:
                self.wait(self.election)
        if kind == REQUEST_VOTE:
            self.vote_for(sender, term, message.take("QQ"))
        elif kind == VOTE and term == self.term and self.role == CANDIDATE and message.take("?"):
            self.votes.add(sender)
            if len(self.votes) >= self.majority:
                self.lead()
        elif kind == APPEND_ENTRIES:
            self.accept(sender, term, message)
        elif kind == APPENDED and term == self.term and self.role == LEADER:
            index = message.take("Q")
            if index > self.match[sender]:
                self.match[sender], self.next[sender] = index, index + 1
                self.advance()
                if index < len(self.log):
                    self.send_to(sender)
        elif kind == CONFLICT and term == self.term and self.role == LEADER:
            rejected, hint = message.take("QQ")
            if rejected == self.next[sender] - 1 and rejected > self.match[sender]:
                self.next[sender] = max(min(hint, rejected), self.match[sender] + 1)
                self.send_to(sender)

    def vote_for(self, candidate, term, last):
        granted = term == self.term and self.vote in (NOBODY, candidate) and last >= self.last()
        if granted:
            self.vote = candidate
            self.save_vote()
            self.wait(self.election)
        summary = [VOTE, struct.pack("<Q?", self.term, granted)]
        self.send(candidate, self.write, summary, struct.pack("<?", granted))

    def accept(self, leader, term, message):
        prev, prev_term, commit = message.take("QQQ")
        entries = message.entries()
        if term < self.term:
            return self.refuse(leader, 0, 0)
        self.role, self.leader = FOLLOWER, leader
        self.wait(self.election)
        if prev > len(self.log) or self.term_at(prev) != prev_term:
            hint = min(prev, len(self.log) + 1)
            return self.refuse(leader, prev, hint)
        for place, entry in enumerate(entries):
            index = prev + place + 1
            if index > len(self.log) or self.log[index - 1] != entry:
                if index <= len(self.log):
                    self.write += 1
                    self.record(TRUNCATE, "QQ", self.write, index)
                    del self.log[index - 1 :], self.written[index - 1 :]
                self.append(entries[place:])
                break
        known = prev + len(entries)
        self.commit = max(self.commit, min(commit, known))
        self.send(leader, self.write, [APPENDED, struct.pack("<QQ", self.term, known)], struct.pack("<Q", known))
        self.apply()

    def refuse(self, leader, rejected, hint):
        summary = [CONFLICT, struct.pack("<QQQQ", self.term, rejected, 0, hint)]
        self.send(leader, self.write, summary, struct.pack("<QQ", rejected, hint))

    def advance(self):
        """What a majority has on its disks is committed, if it is of the own term (5.3, 5.4)."""
        own = next((index for index in range(len(self.log), 0, -1) if self.written[index - 1] <= self.durable), 0)
        copies = sorted([*self.match.values(), own], reverse=True)
        index = copies[self.majority - 1]
        if index > self.commit and self.term_at(index) == self.term:
            self.commit = index
            self.apply()

    def apply(self):
        while self.applied < self.commit:
            self.applied += 1
            term, content = self.log[self.applied - 1]
            answer = self.applied in self.pending
            self.record(APPLY, "QQ", self.applied, term, rest=content + struct.pack("<?", answer))


def main():
    raft = Raft()
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while len(head := stdin.read(4)) == 4:
        raft.step(stdin.read(struct.unpack("<I", head)[0]))
        stdout.write(struct.pack("<I", len(raft.out)) + raft.out)
        stdout.flush()


if __name__ == "__main__":
    main()
