#include "signature/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static const char *name_text(const X509_NAME *name, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    const char *kept = NULL;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        long length = BIO_get_mem_data(bio, &text);
        kept = length <= 0 ? NULL : arena_text(arena, bytes_from(text, (size_t)length));
    }
    BIO_free(bio);
    return kept;
}

enum status certificate_subject(struct bytes pem, struct arena *arena, const char **subject, struct fault *fault)
{
    BIO *bio = pem.length == 0 || pem.length > INT_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.length);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    *subject = certificate == NULL ? NULL : name_text(X509_get_subject_name(certificate), arena);
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return *subject != NULL ? STATUS_OK
                            : fault_reject(fault, "certificate.malformed", "this is no certificate in PEM with a subject");
}
