#include "gateway/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool done)
{
    if (!done)
        abort(); /* no memory */
}

void document_put(json_t *object, const char *key, json_t *value)
{
    must(json_object_set_new(object, key, value) == 0);
}

void document_add(json_t *list, json_t *value)
{
    must(json_array_append_new(list, value) == 0);
}

void document_put_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        document_put(object, key, document_text(text));
}

void document_put_both(json_t *object, const char *key, const char *english, const char *chinese)
{
    document_put(object, key, document_textf("%s · %s", english, chinese));
}

json_t *document_object(void)
{
    json_t *object = json_object();
    must(object != NULL);
    return object;
}

json_t *document_list(void)
{
    json_t *list = json_array();
    must(list != NULL);
    return list;
}

json_t *document_text(const char *text)
{
    json_t *made = json_string(text);
    must(made != NULL);
    return made;
}

static json_t *formatted(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static json_t *formatted(const char *format, va_list arguments)
{
    char *text = NULL;

    must(vasprintf(&text, format, arguments) >= 0);
    json_t *made = document_text(text);
    free(text);
    return made;
}

json_t *document_textf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_t *made = formatted(format, arguments);
    va_end(arguments);
    return made;
}

json_t *document_reference(const char *format, ...)
{
    json_t *reference = document_object();
    va_list arguments;

    va_start(arguments, format);
    document_put(reference, "$ref", formatted(format, arguments));
    va_end(arguments);
    return reference;
}

static int append(const char *text, size_t length, void *out)
{
    buffer_append(out, text, length);
    return 0;
}

enum status document_print(json_t *document, struct buffer *out, struct fault *fault)
{
    int printed = json_dump_callback(document, append, out, JSON_INDENT(1));

    json_decref(document);
    buffer_append_byte(out, '\n');
    return printed == 0 && buffer_ok(out) ? STATUS_OK
                                          : fault_fatal(fault, "document.too_large", "the document does not fit");
}
