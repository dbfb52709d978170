#include "core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct range {
    uint8_t prefix[16];
    unsigned bits;
    enum address_kind kind;
    const char *name;
};

/* The first that fits counts. */
static const struct range ranges4[] = {
    {{169, 254, 169, 254}, 32, ADDRESS_FORBIDDEN, "cloud metadata"},
    {{100, 100, 100, 200}, 32, ADDRESS_FORBIDDEN, "cloud metadata"},
    {{192, 0, 0, 192}, 32, ADDRESS_FORBIDDEN, "cloud metadata"},
    {{0}, 8, ADDRESS_FORBIDDEN, "unspecified"},
    {{127}, 8, ADDRESS_PRIVATE, "loopback"},
    {{10}, 8, ADDRESS_PRIVATE, "private"},
    {{172, 16}, 12, ADDRESS_PRIVATE, "private"},
    {{192, 168}, 16, ADDRESS_PRIVATE, "private"},
    {{100, 64}, 10, ADDRESS_PRIVATE, "carrier-grade NAT"},
    {{169, 254}, 16, ADDRESS_FORBIDDEN, "link-local"},
    {{192, 0, 0}, 24, ADDRESS_FORBIDDEN, "protocol assignments"},
    {{192, 0, 2}, 24, ADDRESS_FORBIDDEN, "documentation"},
    {{192, 88, 99}, 24, ADDRESS_FORBIDDEN, "6to4 relay"},
    {{198, 18}, 15, ADDRESS_FORBIDDEN, "benchmarking"},
    {{198, 51, 100}, 24, ADDRESS_FORBIDDEN, "documentation"},
    {{203, 0, 113}, 24, ADDRESS_FORBIDDEN, "documentation"},
    {{224}, 4, ADDRESS_FORBIDDEN, "multicast"},
    {{240}, 4, ADDRESS_FORBIDDEN, "reserved"},
    {{0}, 0, ADDRESS_PUBLIC, "public"},
};
static const struct range ranges6[] = {
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, ADDRESS_FORBIDDEN, "cloud metadata"},
    {{0}, 128, ADDRESS_FORBIDDEN, "unspecified"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, ADDRESS_PRIVATE, "loopback"},
    {{0xfc}, 7, ADDRESS_PRIVATE, "unique local"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, ADDRESS_FORBIDDEN, "documentation"},
    {{0x20, 0x01}, 23, ADDRESS_FORBIDDEN, "protocol assignments"}, /* with Teredo and ORCHID */
    {{0x3f, 0xff}, 20, ADDRESS_FORBIDDEN, "documentation"},
    {{0x20}, 3, ADDRESS_PUBLIC, "public"}, /* 2000::/3: all that is assigned */
    {{0xfe, 0x80}, 10, ADDRESS_FORBIDDEN, "link-local"},
    {{0xff}, 8, ADDRESS_FORBIDDEN, "multicast"},
    {{0}, 0, ADDRESS_FORBIDDEN, "reserved"},
};

/* Prefixes of IPv6 that carry an IPv4 address, and where in it. */
static const struct carried {
    uint8_t prefix[16];
    unsigned bits, at;
} carried[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, /* mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},                      /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, 2},                                /* 6to4 */
    {{0}, 96, 12},                                        /* compatible; :: and ::1 are looked for before */
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(address, prefix, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ prefix[whole]) & (0xff00u >> rest)) == 0;
}

static enum address_kind look_up(const struct range *ranges, const uint8_t *address, const char **name)
{
    while (!has_prefix(address, ranges->prefix, ranges->bits)) /* the last one fits all */
        ranges++;
    if (name != NULL)
        *name = ranges->name;
    return ranges->kind;
}

static enum address_kind kind6(const uint8_t address[16], const char **name)
{
    static const uint8_t zeros[15];

    if (memcmp(address, zeros, sizeof zeros) == 0 && address[15] <= 1)
        return look_up(ranges6, address, name);
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++)
        if (has_prefix(address, carried[i].prefix, carried[i].bits))
            return look_up(ranges4, address + carried[i].at, name);
    return look_up(ranges6, address, name);
}

static enum address_kind forbidden(const char **name)
{
    if (name != NULL)
        *name = "no IP address";
    return ADDRESS_FORBIDDEN;
}

enum address_kind address_kind(const struct sockaddr *address, const char **name)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in inet;
        memcpy(&inet, address, sizeof inet);
        return look_up(ranges4, (const uint8_t *)&inet.sin_addr, name);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 inet6;
        memcpy(&inet6, address, sizeof inet6);
        return kind6(inet6.sin6_addr.s6_addr, name);
    }
    return forbidden(name);
}

enum address_kind address_kind_of_text(const char *text, const char **name)
{
    struct in_addr inet;
    struct in6_addr inet6;

    if (inet_pton(AF_INET, text, &inet) == 1)
        return look_up(ranges4, (const uint8_t *)&inet, name);
    if (inet_pton(AF_INET6, text, &inet6) == 1)
        return kind6(inet6.s6_addr, name);
    return forbidden(name);
}

enum status address_check(enum address_kind kind, const char *name, const struct address_policy *policy,
                          struct fault *fault)
{
    if (kind == ADDRESS_FORBIDDEN)
        return fault_reject(fault, "address.forbidden", "the address is %s", name);
    if (kind == ADDRESS_PRIVATE && !policy->private_allowed)
        return fault_reject(fault, "address.private", "the address is %s, which the registry does not allow", name);
    if (kind == ADDRESS_PUBLIC && policy->plain)
        return fault_reject(fault, "address.plain_http", "http without TLS goes to private addresses only");
    return STATUS_OK;
}
