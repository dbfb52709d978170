// links: medhub_base
#include "base/hash.h"

#include "cmocka_all.h"

static void short_texts_have_the_published_xxh64(void **state)
{
    (void)state;
    assert_true(hash_bytes(BYTES_NONE, 0) == UINT64_C(0xEF46DB3751D8E999));
    assert_true(hash_bytes(bytes_of("a"), 0) == UINT64_C(0xD24EC4F1A98C6E5B));
    assert_true(hash_bytes(bytes_of("abc"), 0) == UINT64_C(0x44BC2CF5AD770999));
}

/* The self-test of the xxHash project. */
static void the_vectors_of_the_xxhash_project_hold(void **state)
{
    static const uint64_t seed = 2654435761;
    static const struct {
        size_t length;
        uint64_t seed, hash;
    } vectors[] = {
        {0, seed, UINT64_C(0xAC75FDA2929B17EF)},   {1, 0, UINT64_C(0x4FCE394CC88952D8)},
        {1, seed, UINT64_C(0x739840CB819FA723)},   {14, 0, UINT64_C(0xCFFA8DB881BC3A3D)},
        {14, seed, UINT64_C(0x5B9611585EFCC9CB)},  {101, 0, UINT64_C(0x0EAB543384F878AD)},
        {101, seed, UINT64_C(0xCAA65939306F1E21)},
    };
    uint8_t data[101];
    uint32_t generator = (uint32_t)seed;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++, generator *= generator)
        data[i] = (uint8_t)(generator >> 24);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        assert_true(hash_bytes(bytes_from(data, vectors[i].length), vectors[i].seed) == vectors[i].hash);
}

static void every_length_hashes_the_same_at_any_address(void **state)
{
    uint8_t data[200], moved[208];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37);
    for (size_t length = 0; length <= sizeof data; length++) {
        memcpy(moved + 3, data, length);
        assert_true(hash_bytes(bytes_from(data, length), 9) == hash_bytes(bytes_from(moved + 3, length), 9));
    }
}

/* What a table in memory needs: the same for the same bytes wherever they lie, and other bytes elsewhere in the table. */
static void the_quick_hash_tells_texts_apart(void **state)
{
    enum { LENGTHS = 80, SLOTS = 1 << 15 };
    uint8_t data[LENGTHS + 1] = {0}, moved[LENGTHS + 8];
    uint64_t seen[LENGTHS * 8 + 2];
    size_t count = 0;

    (void)state;
    assert_true(hash_quick(BYTES_NONE, 1) != hash_quick(BYTES_NONE, 2));
    for (size_t length = 1; length <= LENGTHS; length++) {
        memcpy(moved + 5, data, length);
        assert_true(hash_quick(bytes_from(data, length), 9) == hash_quick(bytes_from(moved + 5, length), 9));
        assert_true(hash_quick(bytes_from(data, length), 9) != hash_quick(bytes_from(data, length - 1), 9));
    }
    for (size_t bit = 0; bit < LENGTHS * 8; bit++) { /* one bit of the text each */
        data[bit / 8] = (uint8_t)(1u << (bit % 8));
        seen[count++] = hash_quick(bytes_from(data, LENGTHS), 0);
        data[bit / 8] = 0;
    }
    size_t alike = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            assert_true(seen[i] != seen[j]);
            alike += seen[i] % SLOTS == seen[j] % SLOTS;
        }
    assert_true(alike < 30); /* 640 of 32768 slots: 6 pairs by chance */
}

static void keys_have_the_murmur2_of_kafka(void **state)
{
    (void)state;
    assert_int_equal(hash_kafka_murmur2(bytes_of("21")), -973932308);
    assert_int_equal(hash_kafka_murmur2(bytes_of("foobar")), -790332482);
    assert_int_equal(hash_kafka_murmur2(bytes_of("a-little-bit-long-string")), -985981536);
    assert_int_equal(hash_kafka_murmur2(bytes_of("a-little-bit-longer-string")), -1486304829);
    assert_int_equal(hash_kafka_murmur2(bytes_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
                     -58897971);
    assert_int_equal(hash_kafka_murmur2(bytes_of("abc")), 479470107);
}

static void a_partition_is_the_hash_without_its_sign_modulo_the_count(void **state)
{
    (void)state;
    assert_int_equal(hash_kafka_partition(bytes_of("abc"), 12), 479470107 % 12);
    assert_int_equal(hash_kafka_partition(bytes_of("21"), 12), (-973932308 & 0x7fffffff) % 12);
    assert_int_equal(hash_kafka_partition(bytes_of("21"), 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_texts_have_the_published_xxh64),
        cmocka_unit_test(the_vectors_of_the_xxhash_project_hold),
        cmocka_unit_test(every_length_hashes_the_same_at_any_address),
        cmocka_unit_test(the_quick_hash_tells_texts_apart),
        cmocka_unit_test(keys_have_the_murmur2_of_kafka),
        cmocka_unit_test(a_partition_is_the_hash_without_its_sign_modulo_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
