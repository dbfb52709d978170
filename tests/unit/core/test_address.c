/* address.h: every range that must not be reached, in every disguise. */
#include "core/address.h"

#include "support/cmocka_all.h"

static void each_range_is_what_it_is(void **state)
{
    static const struct {
        const char *text;
        enum address_kind kind;
    } cases[] = {
        {"8.8.8.8", ADDRESS_PUBLIC},
        {"223.5.5.5", ADDRESS_PUBLIC},
        {"172.15.255.255", ADDRESS_PUBLIC},
        {"172.16.0.0", ADDRESS_PRIVATE},
        {"172.31.255.255", ADDRESS_PRIVATE},
        {"172.32.0.0", ADDRESS_PUBLIC},
        {"10.1.2.3", ADDRESS_PRIVATE},
        {"11.0.0.0", ADDRESS_PUBLIC},
        {"192.168.0.1", ADDRESS_PRIVATE},
        {"192.169.0.1", ADDRESS_PUBLIC},
        {"127.0.0.1", ADDRESS_PRIVATE},
        {"127.255.255.254", ADDRESS_PRIVATE},
        {"100.63.255.255", ADDRESS_PUBLIC},
        {"100.64.0.1", ADDRESS_PRIVATE},
        {"100.127.255.255", ADDRESS_PRIVATE},
        {"100.100.100.200", ADDRESS_FORBIDDEN},
        {"169.254.169.254", ADDRESS_FORBIDDEN},
        {"169.254.0.1", ADDRESS_FORBIDDEN},
        {"0.0.0.0", ADDRESS_FORBIDDEN},
        {"0.1.2.3", ADDRESS_FORBIDDEN},
        {"192.0.0.192", ADDRESS_FORBIDDEN},
        {"192.0.2.1", ADDRESS_FORBIDDEN},
        {"198.18.0.1", ADDRESS_FORBIDDEN},
        {"198.20.0.1", ADDRESS_PUBLIC},
        {"224.0.0.1", ADDRESS_FORBIDDEN},
        {"239.255.255.255", ADDRESS_FORBIDDEN},
        {"240.0.0.1", ADDRESS_FORBIDDEN},
        {"255.255.255.255", ADDRESS_FORBIDDEN},
        {"2400:3200::1", ADDRESS_PUBLIC},
        {"::1", ADDRESS_PRIVATE},
        {"::", ADDRESS_FORBIDDEN},
        {"fd12:3456::1", ADDRESS_PRIVATE},
        {"fd00:ec2::254", ADDRESS_FORBIDDEN},
        {"fe80::1", ADDRESS_FORBIDDEN},
        {"febf::1", ADDRESS_FORBIDDEN},
        {"fec0::1", ADDRESS_FORBIDDEN},
        {"ff02::1", ADDRESS_FORBIDDEN},
        {"2001:db8::1", ADDRESS_FORBIDDEN},
        {"2001::1", ADDRESS_FORBIDDEN},
        {"3fff:1::1", ADDRESS_FORBIDDEN},
        {"4000::1", ADDRESS_FORBIDDEN},
        {"::ffff:8.8.8.8", ADDRESS_PUBLIC},
        {"::ffff:10.0.0.1", ADDRESS_PRIVATE},
        {"::ffff:127.0.0.1", ADDRESS_PRIVATE},
        {"::ffff:169.254.169.254", ADDRESS_FORBIDDEN},
        {"::10.0.0.1", ADDRESS_PRIVATE},
        {"::169.254.169.254", ADDRESS_FORBIDDEN},
        {"64:ff9b::10.0.0.1", ADDRESS_PRIVATE},
        {"64:ff9b::169.254.169.254", ADDRESS_FORBIDDEN},
        {"64:ff9b::8.8.8.8", ADDRESS_PUBLIC},
        {"2002:0a00:0001::1", ADDRESS_PRIVATE},
        {"2002:a9fe:a9fe::1", ADDRESS_FORBIDDEN},
        {"localhost", ADDRESS_FORBIDDEN},
        {"", ADDRESS_FORBIDDEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (address_kind_of_text(cases[i].text, NULL) != cases[i].kind)
            fail_msg("%s is taken for %d", cases[i].text, (int)address_kind_of_text(cases[i].text, NULL));
}

static void assert_policy(const char *text, bool private_allowed, bool plain, const char *code)
{
    const struct address_policy policy = {private_allowed, plain};
    const char *name = "";
    struct fault fault = {0};
    enum address_kind kind = address_kind_of_text(text, &name);

    enum status status = address_check(kind, name, &policy, &fault);
    assert_int_equal(status, code[0] == '\0' ? STATUS_OK : STATUS_REJECT);
    assert_string_equal(fault.code, code);
}

static void the_registry_opens_private_addresses_and_nothing_else(void **state)
{
    (void)state;
    assert_policy("8.8.8.8", false, false, "");
    assert_policy("8.8.8.8", true, false, "");
    assert_policy("10.0.0.1", false, false, "address.private");
    assert_policy("10.0.0.1", true, false, "");
    assert_policy("10.0.0.1", true, true, "");
    assert_policy("8.8.8.8", true, true, "address.plain_http");
    assert_policy("169.254.169.254", true, false, "address.forbidden");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_range_is_what_it_is),
        cmocka_unit_test(the_registry_opens_private_addresses_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
