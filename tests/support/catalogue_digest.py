"""The two digests of catalogues as ops/docs/calling.md tells them, written from that page alone: that of dated rows, whoever holds
them, and that of a release. What C computes is held against this."""
import hashlib
import json

MASK = 2**64 - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
CHANGES = ["CHANGE_UNSPECIFIED", "CHANGE_ADDED", "CHANGE_REMOVED", "CHANGE_SECTION_MOVED", "CHANGE_PAYMENT_STANDARD_CHANGED",
           "CHANGE_LIMIT_CHANGED", "CHANGE_VALIDITY_CHANGED", "CHANGE_CATEGORY_MOVED", "CHANGE_RENAMED", "CHANGE_OTHER"]


def canonical(item):
    """RFC 8785, of what items hold: texts, whole numbers, truth, lists, objects with ASCII names."""
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def xxh64(data, seed=0):
    """After the specification of XXH64."""
    def rotate(value, bits):
        return (value << bits | value >> (64 - bits)) & MASK

    def lane(value, word):
        return rotate((value + word * P2) & MASK, 31) * P1 & MASK

    at, length = 0, len(data)
    if length >= 32:
        lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at + 32 <= length:
            for i in range(4):
                lanes[i] = lane(lanes[i], int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little"))
            at += 32
        total = sum(rotate(value, bits) for value, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for value in lanes:
            total = ((total ^ lane(0, value)) * P1 + P4) & MASK
    else:
        total = (seed + P5) & MASK
    total = (total + length) & MASK
    while at + 8 <= length:
        total = (rotate(total ^ lane(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= length:
        total = (rotate(total ^ int.from_bytes(data[at:at + 4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        total = rotate(total ^ byte * P5 & MASK, 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3), (32, 1)):
        total = (total ^ total >> shift) * prime & MASK
    return total


def of_rows(rows):
    """ROWS: (kind, code, region, first day, last day or "", item, version)."""
    total = 0
    for kind, code, region, first, last, item, version in rows:
        text = "\n".join((kind, code, region, first, last, canonical(item), str(version)))
        total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return f"{total % 2**256:064x}"


def of_change(data):
    """DATA of one item_changed."""
    changes = ", ".join(name.removeprefix("CHANGE_") for name in sorted(set(data["changes"]), key=CHANGES.index))
    texts = (data["itemKey"], data["region"], data["effectiveOn"], changes, canonical(data["item"]))
    return xxh64("\x1f".join(texts).encode())


def of_release(changes):
    """CHANGES: the data of all item_changed of a release."""
    return f"{sum(map(of_change, changes)) % 2**64:016x}"
