/* An adapter for backproof, protocol backproof/1, with cJSON (libcjson-dev). Your own code goes where it says YOURS.
   cc -O2 -o my_net my_net.c -lcjson -lm && backproof check --command ./my_net */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *HELLO = /* what your code can do, and no more: backproof list activations (losses, flags ...) */
    "{\"protocol\": \"backproof/1\", \"name\": \"my_net\", \"version\": \"1\", \"language\": \"C\", \"skips\": [],"
    " \"activations\": [\"identity\", \"sigmoid\", \"tanh\"], \"losses\": [\"squared\", \"log\"], \"conventions\": {}}";
static const char *RECORD = "{\"net_inputs\": [], \"activations\": [], \"deltas\": [], \"weight_gradients\": [],"
    " \"bias_gradients\": [], \"weights\": [], \"biases\": []}";
typedef struct { int in, out; char f; double *w, *b, *mask, *z, *a, *delta, *by_w, *by_b; } Layer;
static Layer net[64]; static int depth, single, used;
static double pool[1 << 22]; /* what one case needs; larger ones end the program, and backproof says so */
static double *numbers(int count) {
    return (used += count) > 1 << 22 ? exit(1), NULL : memset(pool + used - count, 0, sizeof(double) * count);
}
static double r(double v) { return single ? (float)v : v; } /* every number has the case's dtype */
static double f(char name, double z) { return name == 's' ? 1 / (1 + exp(-z)) : name == 't' ? tanh(z) : z; }
static double slope(char name, double a) { return name == 's' ? a * (1 - a) : name == 't' ? 1 - a * a : 1; }
static cJSON *get(const cJSON *object, const char *name) { return cJSON_GetObjectItemCaseSensitive(object, name); }
static double *read_array(const cJSON *rows, const cJSON *only, int m) { /* (n, m), or the rows that `only` lists */
    if (cJSON_IsNull(rows)) return NULL;
    int n = cJSON_GetArraySize(only ? only : rows), flat = !cJSON_IsArray(rows->child);
    double *found = numbers(flat ? m : n * m), *next = found;
    for (int i = 0; i < (flat ? 1 : n); i++) {
        const cJSON *row = flat ? rows : cJSON_GetArrayItem(rows, only ? cJSON_GetArrayItem(only, i)->valueint : i);
        for (cJSON *v = row->child; v; v = v->next) *next++ = cJSON_IsNumber(v) ? v->valuedouble : cJSON_IsTrue(v);
    }
    return found;
}
static cJSON *number(double v) { /* cJSON's own numbers may lose the last digit; 17 digits come back unchanged */
    char text[32];
    if (!isfinite(v)) return cJSON_CreateString(isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
    return snprintf(text, sizeof text, "%.17g", v), cJSON_CreateRaw(text);
}
static cJSON *array(const double *v, int n, int m) { /* (n, m), or a vector of m where n is 0 */
    cJSON *list = v ? cJSON_CreateArray() : cJSON_CreateNull();
    for (int i = 0; v && i < (n ? n : m); i++) cJSON_AddItemToArray(list, n ? array(v + i * m, 0, m) : number(v[i]));
    return list;
}

/* YOURS: one update of the network by a batch, x (n, inputs) and y (n, outputs). Returns the loss before it. */
static double update(const double *x, const double *y, int n, int squared, double rate) {
    double loss = 0;
    for (Layer *la = net; la < net + depth; la++) { /* a = f(W a + b) */
        la->z = numbers(n * la->out), la->a = numbers(n * la->out), la->delta = numbers(n * la->out);
        for (int s = 0; s < n; s++) for (int i = 0; i < la->out; i++) {
            double z = la->b ? la->b[i] : 0;
            for (int j = 0; j < la->in; j++) z += la->w[i * la->in + j] * (la > net ? la[-1].a : x)[s * la->in + j];
            la->z[s * la->out + i] = r(z), la->a[s * la->out + i] = r(f(la->f, r(z)));
        }
    }
    for (Layer *la = net + depth - 1; la >= net; la--) for (int s = 0; s < n; s++) for (int i = 0; i < la->out; i++) {
        double z = la->z[s * la->out + i], a = la->a[s * la->out + i], *delta = &la->delta[s * la->out + i], back = 0;
        if (la == net + depth - 1) { /* the log loss of sigmoid outputs, from z, so that nothing overflows */
            double t = y[s * la->out + i];
            loss += squared ? (a - t) * (a - t) : fmax(z, 0) - t * z + log1p(exp(-fabs(z)));
            *delta = r(squared ? 2 * (a - t) * slope(la->f, a) : a - t);
        } else { /* f'(z) * (W^T delta of the next layer) */
            for (int k = 0; k < la[1].out; k++) back += la[1].w[k * la->out + i] * la[1].delta[s * la[1].out + k];
            *delta = r(slope(la->f, a) * back);
        }
    }
    for (Layer *la = net; la < net + depth; la++) { /* w - rate * dE/dw; j = -1 is the bias */
        la->by_w = numbers(la->out * la->in), la->by_b = la->b ? numbers(la->out) : NULL;
        for (int i = 0; i < la->out; i++) for (int j = -1; j < la->in; j++) {
            int at = j < 0 ? i : i * la->in + j;
            double sum = 0, *w = j < 0 ? la->b : la->w, *by = j < 0 ? la->by_b : la->by_w;
            if (!w || (j >= 0 && la->mask && !la->mask[at])) continue; /* no bias, or no edge */
            for (int s = 0; s < n; s++)
                sum += la->delta[s * la->out + i] * (j < 0 ? 1 : (la > net ? la[-1].a : x)[s * la->in + j]);
            by[at] = r(sum), w[at] = r(w[at] - rate * by[at]);
        }
    }
    return r(loss);
}

#define SHOW(name, values, n, m) cJSON_AddItemToArray(get(record, #name), array(values, n, m)) /* of one more layer */
static cJSON *run(const cJSON *test) {
    cJSON *layer, *batch, *records = cJSON_CreateArray(), *width = get(test, "widths")->child;
    double rate = get(test, "learning_rate")->valuedouble;
    int in = width->valueint, squared = !strcmp(get(test, "loss")->valuestring, "squared");
    depth = used = 0, single = !strcmp(get(test, "dtype")->valuestring, "float32");
    cJSON_ArrayForEach(layer, get(test, "layers")) {
        Layer *la = &net[depth++];
        la->f = *get(get(layer, "activation"), "name")->valuestring, la->in = width->valueint, width = width->next;
        la->out = width->valueint, la->b = read_array(get(layer, "biases"), 0, la->out);
        la->w = read_array(get(layer, "weights"), 0, la->in), la->mask = read_array(get(layer, "mask"), 0, la->in);
    }
    cJSON_ArrayForEach(batch, get(test, "batches")) {
        cJSON *record = cJSON_Parse(RECORD);
        double *x = read_array(get(test, "x"), batch, in), *y = read_array(get(test, "y"), batch, net[depth - 1].out);
        int n = cJSON_GetArraySize(batch);
        cJSON_AddItemToObject(record, "loss", number(update(x, y, n, squared, rate)));
        for (Layer *la = net; la < net + depth; la++) {
            SHOW(net_inputs, la->z, n, la->out), SHOW(activations, la->a, n, la->out), SHOW(biases, la->b, 0, la->out);
            SHOW(weight_gradients, la->by_w, la->out, la->in), SHOW(bias_gradients, la->by_b, 0, la->out);
            SHOW(weights, la->w, la->out, la->in), SHOW(deltas, la->delta, n, la->out);
        }
        cJSON_AddItemToArray(records, record);
    }
    return records;
}

int main(void) {
    char *line = NULL;
    for (size_t room = 0; getline(&line, &room, stdin) > 0;) {
        cJSON *request = cJSON_Parse(line), *test = get(request, "case"), *answer = cJSON_Parse(test ? "{}" : HELLO);
        if (!strcmp(get(request, "type")->valuestring, "bye")) break;
        if (test) {
            cJSON_AddNumberToObject(answer, "id", get(request, "id")->valuedouble);
            cJSON_AddItemToObject(answer, "result", run(test));
        }
        char *text = cJSON_PrintUnformatted(answer);
        puts(text), fflush(stdout), free(text), cJSON_Delete(answer), cJSON_Delete(request);
    }
}
