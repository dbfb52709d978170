/* gs1_coupon.c: coupons as the North American Coupon Application Guideline has them. */
#include "code/gs1_rules.h"

#include <string.h>

/* Reads fields of a coupon one after the other; FAILED stays. */
struct coupon {
    struct bytes digits;
    size_t at;
    bool failed;
};

static void coupon_skip(struct coupon *coupon, size_t count)
{
    if (coupon->digits.length - coupon->at < count)
        coupon->failed = true;
    else
        coupon->at += count;
}

/* One digit out of ALLOWED; NUL when it is another or missing. */
static char coupon_digit(struct coupon *coupon, const char *allowed)
{
    if (coupon->failed || coupon->at == coupon->digits.length ||
        strchr(allowed, coupon->digits.data[coupon->at]) == NULL) {
        coupon->failed = true;
        return '\0';
    }
    return (char)coupon->digits.data[coupon->at++];
}

/* A digit that says how long the field is, MORE added to it; "9" where it is allowed: no field. */
static void coupon_field(struct coupon *coupon, const char *allowed, size_t more, bool is_prefix)
{
    char digit = coupon_digit(coupon, allowed);
    if (digit == '\0' || (digit == '9' && is_prefix && more == 6 && strchr(allowed, '8') == NULL))
        return;
    coupon_skip(coupon, (size_t)(digit - '0') + more);
}

/* True, and past it, if the optional field with this number follows. */
static bool coupon_option(struct coupon *coupon, char number)
{
    if (coupon->failed || coupon->at == coupon->digits.length || coupon->digits.data[coupon->at] != number)
        return false;
    coupon->at++;
    return true;
}

static void coupon_purchase(struct coupon *coupon)
{
    coupon_field(coupon, "12345", 0, false); /* requirement */
    (void)coupon_digit(coupon, "012349");    /* its code */
    coupon_skip(coupon, 3);                  /* family */
}

static const uint8_t *coupon_date(struct coupon *coupon)
{
    size_t at, begin = coupon->at;
    coupon_skip(coupon, 6);
    /* Any current year does: only 29 February depends on it, and every fourth two-digit year is a leap year.
     */
    if (!coupon->failed && gs1_yymmdd(bytes_from(coupon->digits.data + begin, 6), 2026, false, &at) != CODE_OK)
        coupon->failed = true;
    return coupon->digits.data + begin;
}

static void coupon_dates(struct coupon *coupon)
{
    const uint8_t *expires = NULL;
    if (coupon_option(coupon, '3'))
        expires = coupon_date(coupon);
    if (coupon_option(coupon, '4')) {
        const uint8_t *starts = coupon_date(coupon);
        if (!coupon->failed && expires != NULL && memcmp(starts, expires, 6) > 0)
            coupon->failed = true;
    }
}

static enum code_error coupon_end(const struct coupon *coupon, size_t *at)
{
    *at = coupon->at < coupon->digits.length ? coupon->at : coupon->digits.length - 1;
    return coupon->failed || coupon->at != coupon->digits.length ? CODE_COUPON : CODE_OK;
}

enum code_error gs1_couponcode(struct bytes value, size_t *at)
{
    struct coupon coupon = {.digits = value};
    if (!gs1_all_digits(value, at))
        return CODE_COUPON;
    coupon_field(&coupon, "0123456", 6, true); /* company prefix */
    coupon_skip(&coupon, 6);                   /* offer */
    coupon_field(&coupon, "12345", 0, false);  /* save value */
    coupon_purchase(&coupon);
    if (coupon_option(&coupon, '1')) {
        (void)coupon_digit(&coupon, "0123"); /* rules of additional purchases */
        coupon_purchase(&coupon);
        coupon_field(&coupon, "01234569", 6, true);
    }
    if (coupon_option(&coupon, '2')) {
        coupon_purchase(&coupon);
        coupon_field(&coupon, "01234569", 6, true);
    }
    coupon_dates(&coupon);
    if (coupon_option(&coupon, '5'))
        coupon_field(&coupon, "0123456789", 6, false); /* serial */
    if (coupon_option(&coupon, '6'))
        coupon_field(&coupon, "1234567", 6, true); /* retailer */
    if (coupon_option(&coupon, '9')) {
        (void)coupon_digit(&coupon, "01256"); /* save value code */
        (void)coupon_digit(&coupon, "012");   /* applies to */
        coupon_skip(&coupon, 1);              /* store coupon */
        (void)coupon_digit(&coupon, "01");    /* do not multiply */
    }
    return coupon_end(&coupon, at);
}

enum code_error gs1_couponposoffer(struct bytes value, size_t *at)
{
    struct coupon coupon = {.digits = value};
    if (!gs1_all_digits(value, at))
        return CODE_COUPON;
    (void)coupon_digit(&coupon, "01");             /* format */
    coupon_field(&coupon, "0123456", 6, false);    /* funder */
    coupon_skip(&coupon, 6);                       /* offer */
    coupon_field(&coupon, "0123456789", 6, false); /* serial */
    return coupon_end(&coupon, at);
}
