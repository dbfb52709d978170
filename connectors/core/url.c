#include "core/url.h"

#include <curl/curl.h>
#include <strings.h>

static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *left = part_of(a, part), *right = part_of(b, part);
    bool same = left != NULL && right != NULL && strcasecmp(left, right) == 0;

    curl_free(left);
    curl_free(right);
    return same;
}

bool url_same_origin(const char *a, const char *b)
{
    CURLU *left = curl_url(), *right = curl_url();
    bool same = left != NULL && right != NULL && curl_url_set(left, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(right, CURLUPART_URL, b, 0) == CURLUE_OK && same_part(left, right, CURLUPART_SCHEME) &&
                same_part(left, right, CURLUPART_HOST) && same_part(left, right, CURLUPART_PORT);

    curl_url_cleanup(left);
    curl_url_cleanup(right);
    return same;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0] != '\0';

    curl_free(text);
    return has;
}

enum status url_check(const char *text, bool private_allowed, struct fault *fault)
{
    CURLU *url = curl_url();
    bool plain = strncasecmp(text, "http://", 7) == 0;

    bool good = url != NULL && (plain ? private_allowed : strncasecmp(text, "https://", 8) == 0) &&
                curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK && has_part(url, CURLUPART_HOST) &&
                !has_part(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    return good ? STATUS_OK
                : fault_reject(fault, "http.url", "not an address that may be called: https (http only on a private "
                                                  "network) with a host, without user and fragment");
}
