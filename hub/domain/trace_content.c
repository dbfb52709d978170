#include "domain/trace_content.h"

#include "domain/format.h"
#include "domain/trace_state.h"

enum { ONE_UNIT_E4 = 10000 };

/* --- names --- */

static const char *prefix_of(struct arena *arena, const char *kind, const char *pack)
{
    const char *part = trace_name_part(arena, pack);
    return part == NULL ? NULL : format_in(arena, "%s/%s/", kind, part);
}

const char *trace_contents_prefix(struct arena *arena, const char *pack)
{
    return prefix_of(arena, "in", pack);
}

const char *trace_taken_out_prefix(struct arena *arena, const char *pack)
{
    return prefix_of(arena, "out", pack);
}

const char *trace_content_name(struct arena *arena, const struct trace_placed *placed)
{
    const char *prefix = trace_contents_prefix(arena, placed->pack);
    bool is_unit = is_given(placed->serial);
    return prefix == NULL ? NULL
                          : format_in(arena, "%s%s/%s/%s", prefix, placed->product, is_unit ? "s" : "l",
                                      is_unit ? placed->serial : placed->lot);
}

static const char *taken_out_name(struct arena *arena, const struct trace_placed *placed)
{
    const char *prefix = trace_taken_out_prefix(arena, placed->pack);
    if (prefix == NULL)
        return NULL;
    return is_given(placed->serial)
               ? format_in(arena, "%s%s/s/%s", prefix, placed->product, placed->serial)
               : format_in(arena, "%s%s/l/%s/%s", prefix, placed->product, placed->holder, placed->lot);
}

/* --- one row --- */

/* The text before the next slash; PLACE goes behind it. NULL: there is none, or the arena is full. */
static char *next_part(struct arena *arena, const char **place)
{
    const char *slash = strchr(*place, '/');
    char *part = slash == NULL ? NULL : arena_text(arena, bytes_from(*place, (size_t)(slash - *place)));
    *place = slash == NULL ? NULL : slash + 1;
    return part;
}

PackContent *trace_read_content(struct view *view, const struct view_row *row, const char **holder)
{
    PackContent *content = (PackContent *)view_unpack(view, PACK_CONTENT, row);
    const char *place = strchr(row->name, '/') + 1; /* behind in/ or out/ */
    char *pack = content == NULL ? NULL : next_part(view->arena, &place);
    char *product = pack == NULL ? NULL : next_part(view->arena, &place);
    char *kind = product == NULL ? NULL : next_part(view->arena, &place);
    bool has_holder = kind != NULL && *kind == 'l' && row->name[0] == 'o';
    const char *taken_by = has_holder ? next_part(view->arena, &place) : "";
    if (kind == NULL || taken_by == NULL)
        return NULL;
    content->product = product;
    *(*kind == 's' ? &content->serial : &content->lot) = lent(place);
    if (holder != NULL)
        *holder = taken_by;
    return content;
}

void trace_write_content(struct decision *decision, const char *name, const PackContent *content)
{
    PackContent *row = decision_message(decision, PACK_CONTENT);
    if (row == NULL)
        return;
    row->quantity_e4 = content->quantity_e4;
    row->taken_at_ms = content->taken_at_ms;
    row->recalled = content->recalled;
    row->n_recalled = content->n_recalled;
    decision_write(decision, &row->base, "%s", name);
}

RecalledAmount *trace_recalled_of(struct decision *decision, PackContent *content, const char *number)
{
    for (size_t i = 0; i < content->n_recalled; i++)
        if (strcmp(content->recalled[i]->recall, number) == 0)
            return content->recalled[i];
    RecalledAmount **list = decision == NULL ? NULL : decision_list(decision, content->n_recalled + 1);
    RecalledAmount *made = list == NULL ? NULL : decision_message(decision, RECALLED_AMOUNT);
    if (made == NULL)
        return NULL;
    made->recall = lent(number);
    for (size_t i = 0; i < content->n_recalled; i++)
        list[i] = content->recalled[i];
    list[content->n_recalled++] = made;
    content->recalled = list;
    return made;
}

/* --- in and out --- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* QUANTITY of a lot goes from one row to the other, what was recalled of it first. */
static void carry_over(struct decision *decision, PackContent *from, PackContent *to, int64_t quantity_e4)
{
    from->quantity_e4 -= quantity_e4;
    to->quantity_e4 += quantity_e4;
    for (size_t i = 0; i < from->n_recalled && !decision->failed; i++) {
        RecalledAmount *left = from->recalled[i], *gone = trace_recalled_of(decision, to, left->recall);
        int64_t moved_e4 = least(left->quantity_e4, quantity_e4);
        if (gone == NULL)
            return;
        left->quantity_e4 -= moved_e4;
        gone->quantity_e4 += moved_e4;
    }
}

static void write_or_delete(struct decision *decision, const char *name, const PackContent *content)
{
    if (content->quantity_e4 > 0)
        trace_write_content(decision, name, content);
    else
        decision_write(decision, NULL, "%s", name);
}

int trace_put_in_pack(struct view *view, struct decision *decision, const struct trace_placed *placed,
                      PackContent *content)
{
    const char *name = trace_content_name(view->arena, placed),
               *out_name = taken_out_name(view->arena, placed);
    PackContent *out =
        out_name == NULL ? NULL : (PackContent *)view_state(view, PACK_CONTENT, "%s", out_name);
    PackContent *row = content != NULL ? content : decision_message(decision, PACK_CONTENT);
    if (name == NULL || out_name == NULL || row == NULL) {
        decision->failed = true;
        return 0;
    }
    if (is_given(placed->serial)) {
        row->quantity_e4 = ONE_UNIT_E4;
        if (out != NULL)
            decision_write(decision, NULL, "%s", out_name);
    } else {
        int64_t back_e4 = out == NULL ? 0 : least(out->quantity_e4, placed->quantity_e4);
        if (out != NULL) {
            carry_over(decision, out, row, back_e4);
            write_or_delete(decision, out_name, out);
        }
        row->quantity_e4 += placed->quantity_e4 - back_e4;
    }
    trace_write_content(decision, name, row);
    return content == NULL;
}

int trace_take_from_pack(struct view *view, struct decision *decision, const struct trace_placed *placed,
                         PackContent *content)
{
    const char *name = trace_content_name(view->arena, placed),
               *out_name = taken_out_name(view->arena, placed);
    PackContent *out =
        out_name == NULL ? NULL : (PackContent *)view_state(view, PACK_CONTENT, "%s", out_name);
    if (out == NULL)
        out = decision_message(decision, PACK_CONTENT);
    if (name == NULL || out_name == NULL || out == NULL) {
        decision->failed = true;
        return 0;
    }
    if (content == NULL)
        return 0;
    if (is_given(placed->serial)) {
        out->quantity_e4 = ONE_UNIT_E4;
        content->quantity_e4 = 0;
    } else {
        bool is_first = out->taken_at_ms == 0 || placed->at_ms < out->taken_at_ms;
        out->taken_at_ms = is_first ? placed->at_ms : out->taken_at_ms;
        carry_over(decision, content, out, least(content->quantity_e4, placed->quantity_e4));
    }
    trace_write_content(decision, out_name, out);
    write_or_delete(decision, name, content);
    return content->quantity_e4 > 0 ? 0 : -1;
}
